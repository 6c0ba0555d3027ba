module example.org/bumped

go 1.21

require example.org/tool v1.0.0
