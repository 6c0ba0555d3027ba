Gem::Specification.new do |s|
  s.name = "greeting"
  s.version = "1.0"
  s.summary = "Length of a greeting"
  s.authors = ["alnage"]
  s.license = "Apache-2.0"
  s.files = ["lib/greeting.rb", "ext/extconf.rb", "ext/greeting_length.c", "bin/greeting"]
  s.extensions = ["ext/extconf.rb"]
  s.executables = ["greeting"]
  s.bindir = "bin"
  s.signing_key = "/nowhere/key.pem"
end
