#!/bin/sh
#
# baresip says sendonly when it puts a call on hold, and sends nothing: music on
# hold cannot be played to a call that it holds.
#
# baresip 1.0.0, libre 1.1.0, librem 0.6.0 (Debian 12: 1.0.0-4+b3, 1.1.0-1+b2,
# 0.6.0-4). Needs node, ip (package iproute2), OpenSSL 3's libssl (libssl3), and
# the right to make a network of its own (unshare -n, or -rn as a user).
#
# RFC 3264, section 5.1: sendonly offers to send media, inactive is for neither.
# Section 8.4: the party that is on hold may be played music. Seen by A, which
# called baresip, with a WAV file as its source that plays over and over (as
# aufile does), in the second before baresip's `call hold` and in the one after
# its re-INVITE was answered:
#
#     before: RTP comes
#     re-INVITE with a=sendonly
#     on hold: no RTP

# shellcheck source=findings/begin disable=SC1091
. "$(dirname "$0")/begin"
# shellcheck source=findings/baresip disable=SC1091
. "$here/baresip"

cat >config.more <<'END'
module aufile.so
module_app cons.so
cons_listen 127.0.0.1:5555
audio_source aufile,tone.wav
audio_srate 8000
audio_channels 1
END

cat >try.js <<'END'
const { writeFileSync } = require('fs');
const { createSocket } = require('dgram');
const samples = Buffer.alloc(8000 * 2 * 20);
const head = Buffer.alloc(44);

for (let i = 0; i < samples.length / 2; i++)
	samples.writeInt16LE(Math.round(8000 * Math.sin(i / 3)), i * 2);
head.write('RIFF', 0);
head.writeUInt32LE(36 + samples.length, 4);
head.write('WAVEfmt ', 8);
head.writeUInt32LE(16, 16);
head.writeUInt16LE(1, 20);
head.writeUInt16LE(1, 22);
head.writeUInt32LE(8000, 24);
head.writeUInt32LE(16000, 28);
head.writeUInt16LE(2, 32);
head.writeUInt16LE(16, 34);
head.write('data', 36);
head.writeUInt32LE(samples.length, 40);
writeFileSync('tone.wav', Buffer.concat([head, samples]));

const { a, call, end, ip } = require('./baresip');
const rtp = createSocket('udp4').bind(4000, ip);
const keys = createSocket('udp4');
let count = 0;

rtp.on('message', () => ++count);

const listen = (next) => {
	count = 0;
	setTimeout(() => next(count > 10 ? 'RTP comes' : count ?
		`${count} packets` : 'no RTP'), 1000);
};

a.on('message', (data) => {
	const text = String(data);

	if (text.startsWith('INVITE')) {
		console.log('re-INVITE with',
			text.match(/a=(sendonly|inactive|sendrecv)/)?.[0]);
		setTimeout(listen, 500, (seen) => {
			console.log('on hold:', seen);
			end();
		});
	}
});

call(() => setTimeout(listen, 500, (seen) => {
	console.log('before:', seen);
	keys.send('x', 5555, '127.0.0.1');
}));
END
run_try

expect seen <<'END'
before: RTP comes
re-INVITE with a=sendonly
on hold: no RTP
END
