#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the cases of bundle, certificate, checkpoint, timestamp and trusted_root anew: the good
# ones are signed with fresh keys by tests/helpers/sigstore_cases.c, the bad ones are good ones
# with one thing changed. Run it from the top after `make INNER=1 build/tests/helpers/sigstore_cases`.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf certificate checkpoint timestamp trusted_root
rm -f bundle/good/mock_*.json bundle/bad/mock_*
../../build/tests/helpers/sigstore_cases .
mv checkpoint/good/other_origin.note checkpoint/other_origin.note
python3 - <<'END'
import copy, json, os

def bad(parser, name, data, expect):
    os.makedirs(f'{parser}/bad', exist_ok=True)
    with open(f'{parser}/bad/{name}', 'wb') as f:
        f.write(data)
    with open(f'{parser}/bad/{name}.expect', 'w') as f:
        f.write(expect + '\n')

def change(document, path, value):
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(document, indent=1).encode()

def read(path):
    with open(path, 'rb') as f:
        return f.read()

root = json.loads(read('trusted_root/good/mock.json'))
for name in ('tlogs', 'ctlogs', 'timestampAuthorities', 'certificateAuthorities'):
    with open(f'trusted_root/good/no_{name}.json', 'wb') as f:
        f.write(change(root, [name], None))
log = ['tlogs', 0]
authority = ['certificateAuthorities', 0]
for name, path, value, expect in (
        ('media_type', ['mediaType'], 'application/json', 'media type'),
        ('no_media_type', ['mediaType'], None, 'mediaType'),
        ('unknown', ['more'], 1, 'more'),
        ('logs_not_list', ['tlogs'], {}, 'tlogs'),
        ('log_not_object', ['tlogs', 0], 'x', 'not an object'),
        ('many', ['tlogs'], [root['tlogs'][0]] * 65, '64'),
        ('no_id', log + ['logId'], None, 'logId'),
        ('short_id', log + ['logId', 'keyId'], 'YQ==', 'too short'),
        ('no_start', log + ['publicKey', 'validFor', 'start'], None, 'start'),
        ('bad_start', log + ['publicKey', 'validFor', 'start'], 'yesterday', 'validFor'),
        ('backwards', log + ['publicKey', 'validFor', 'end'], '2019-01-01T00:00:00Z', 'ends before'),
        ('bad_key', log + ['publicKey', 'rawBytes'], 'YQ==', 'key'),
        ('other_key', log + ['publicKey', 'keyDetails'], 'PKIX_ED25519', 'not PKIX_ED25519'),
        ('algorithm', log + ['hashAlgorithm'], 'SHA2_512', 'SHA2_256'),
        ('base64', authority + ['certChain', 'certificates', 0, 'rawBytes'], '!', 'rawBytes'),
        ('no_chain', authority + ['certChain', 'certificates'], [], 'no certificate'),
        ('long_chain', authority + ['certChain', 'certificates'], [{'rawBytes': 'YQ=='}] * 17, '16')):
    bad('trusted_root', f'{name}.json', change(root, path, value), expect)
bad('trusted_root', 'not_object.json', b'[]', 'not an object')

bundle = json.loads(read('bundle/good/mock_v1.json'))
material = ['verificationMaterial']
entry = material + ['tlogEntries', 0]
for name, path, value, expect in (
        ('negative_index', entry + ['logIndex'], '-1', 'negative'),
        ('negative_number', entry + ['logIndex'], -1, 'negative'),
        ('huge_index', entry + ['logIndex'], '9223372036854775808', 'logIndex'),
        ('fraction', entry + ['integratedTime'], 1.5, 'not a number'),
        ('empty_number', entry + ['inclusionProof', 'treeSize'], '', 'treeSize'),
        ('short_hash', entry + ['inclusionProof', 'hashes', 0], 'YQ==', 'hashes[0]'),
        ('many_hashes', entry + ['inclusionProof', 'hashes'], [bundle['messageSignature']['messageDigest']['digest']] * 65, '64'),
        ('short_root', entry + ['inclusionProof', 'rootHash'], 'YQ==', 'rootHash'),
        ('no_body', entry + ['canonicalizedBody'], None, 'canonicalizedBody'),
        ('no_kind', entry + ['kindVersion', 'kind'], None, 'kind'),
        ('no_log', entry + ['logId'], None, 'logId'),
        ('entry_unknown', entry + ['more'], 1, 'more'),
        ('long_checkpoint', entry + ['inclusionProof', 'checkpoint', 'envelope'], 'x' * 65537, 'checkpoint'),
        ('empty_chain', material + ['x509CertificateChain', 'certificates'], [], 'no certificate'),
        ('new_chain', ['mediaType'], 'application/vnd.dev.sigstore.bundle.v0.3+json', 'up to version 0.2'),
        ('many_certificates', material + ['x509CertificateChain', 'certificates'], [{'rawBytes': 'YQ=='}] * 33, '32'),
        ('stamps_not_list', material + ['timestampVerificationData'], {'rfc3161Timestamps': 1}, 'rfc3161Timestamps'),
        ('stamp_unknown', material + ['timestampVerificationData'], {'rfc3161Timestamps': [{'x': ''}]}, 'x'),
        ('stamp_empty', material + ['timestampVerificationData'], {'rfc3161Timestamps': [{'signedTimestamp': ''}]}, 'empty'),
        ('no_signature', ['messageSignature', 'signature'], None, 'signature'),
        ('digest_algorithm', ['messageSignature', 'messageDigest', 'algorithm'], 'MD5', 'MD5'),
        ('digest_length', ['messageSignature', 'messageDigest', 'digest'], 'YQ==', '1 bytes')):
    bad('bundle', f'mock_{name}.json', change(bundle, path, value), expect)
single = json.loads(read('bundle/good/mock_rekor2.json'))
bad('bundle', 'mock_old_certificate.json',
    change(single, ['mediaType'], 'application/vnd.dev.sigstore.bundle+json;version=0.2'), 'from version 0.3')

certificate = read('certificate/good/uri.der')
bad('certificate', 'cut.der', certificate[:-1], 'not X.509')
bad('certificate', 'behind.der', certificate + b'\0', 'bytes behind')
bad('certificate', 'empty.der', b'', '0 bytes')
bad('certificate', 'usage.der', certificate.replace(bytes.fromhex('2b06010505070303'), bytes.fromhex('2b06010505070301')), 'code signing')
bad('certificate', 'no_issuer.der', certificate.replace(bytes.fromhex('2b0601040183bf300101'), bytes.fromhex('2b0601040183bf300111')).replace(bytes.fromhex('2b0601040183bf300108'), bytes.fromhex('2b0601040183bf300118')), 'token issuer')
bad('certificate', 'two_issuers.der', certificate.replace(b'https://token.example.org', b'https://poken.example.org', 1), 'two token issuers')
bad('certificate', 'nul_in_name.der', certificate.replace(b'https://example.org/', b'https://example.org\0'), 'printable')

stamp = read('timestamp/good/with_certificate.tsr')
bad('timestamp', 'cut.tsr', stamp[:-1], 'not a TimeStampResp')
bad('timestamp', 'behind.tsr', stamp + b'\0', 'bytes behind')
bad('timestamp', 'empty.tsr', b'', '0 bytes')
bad('timestamp', 'rejected.tsr', b'\x30\x05\x30\x03\x02\x01\x02', 'not granted')
bad('timestamp', 'no_token.tsr', b'\x30\x05\x30\x03\x02\x01\x00', 'token not present')
bad('timestamp', 'other_time.tsr', stamp.replace(b'20231114221320Z', b'20231114221321Z'), 'not by a time stamp authority')
bad('timestamp', 'other_signature.tsr', stamp[:-1] + bytes([stamp[-1] ^ 1]), 'not by a time stamp authority')

note = read('checkpoint/good/plain.note')
text, lines = note.split(b'\n\n')
bad('checkpoint', 'other_origin.note', read('checkpoint/other_origin.note'), 'origin')
os.remove('checkpoint/other_origin.note')
bad('checkpoint', 'other_size.note', note.replace(b'\n7\n', b'\n8\n'), 'has not signed')
bad('checkpoint', 'no_signature.note', text + b'\n\n', 'no signature line')
bad('checkpoint', 'no_empty_line.note', text + b'\n' + lines, 'no empty line')
bad('checkpoint', 'other_hint.note', text + b'\n\n' + lines.replace(b' aGlu', b' aGlv'), 'has not signed')
bad('checkpoint', 'other_name.note', text + b'\n\n' + lines.replace(b' log.', b' pog.'), 'has not signed')
bad('checkpoint', 'hyphen.note', text + b'\n\n' + lines.replace('\u2014'.encode(), b'-'), 'is not a signature')
bad('checkpoint', 'base64.note', text + b'\n\n' + lines.replace(b' aGlu', b' !Glu'), 'not base64')
bad('checkpoint', 'no_name.note', text + b'\n\n' + '\u2014 \n'.encode(), 'no name')
bad('checkpoint', 'cut_line.note', note[:-1], 'no signature line')
bad('checkpoint', 'many.note', text + b'\n\n' + lines * 65, 'too many')
bad('checkpoint', 'empty.note', b'', 'no empty line')
END
