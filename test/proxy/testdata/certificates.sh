# Makes certificates as people have them in /etc/nexushub/certs: good ones and bad ones.
certs=/etc/nexushub/certs
mkdir -p /root/c
cd /root/c

authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.crt -days 30 -subj /CN=TestRoot; }
intermediate() {
	openssl req -newkey rsa:2048 -nodes -keyout int.key -out int.csr -subj /CN=TestInt
	echo basicConstraints=critical,CA:true >ext
	openssl x509 -req -in int.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -out int.crt -extfile ext
}
# leaf NAME SAN: a certificate for the key NAME.k, an EC key unless there is one
leaf() {
	[ -e "$1.k" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.k"
	openssl req -new -key "$1.k" -subj "/CN=$1.example" -out csr
	: >ext
	[ -z "$2" ] || echo "subjectAltName=$2" >ext
	openssl x509 -req -in csr -CA int.crt -CAkey int.key -CAcreateserial -days 20 -out "$1.c" -extfile ext
	cat "$1.c" int.crt >"$1.chain"
}
# put NAME CRT KEY, as the documents say
put() {
	install -m 0640 -g _nexushub-proxy "$2" "$certs/$1.crt"
	[ -z "$3" ] || install -m 0640 -g _nexushub-proxy "$3" "$certs/$1.key"
}

{
	authority
	intermediate
	openssl ecparam -name prime256v1 -genkey -out ecparams.k
	openssl genrsa -traditional -out pkcs1.k 2048
	openssl genpkey -algorithm ed25519 -out ed25519.k
	for n in ecparams pkcs1 ed25519 order crlf bom combined single encrypted encpkcs1 der perm lnk tmp; do
		leaf $n DNS:$n.example
	done
	leaf wild 'DNS:*.wild.example'
	leaf upper DNS:UPPER.Example
	leaf idn DNS:xn--bcher-kva.example
	leaf ipsan IP:127.0.0.1,DNS:ipsan.example
	leaf cnonly ''
} 2>log || {
	cat log
	exit 1
}

for n in ecparams pkcs1 ed25519 wild upper idn ipsan cnonly; do put $n $n.chain $n.k; done
cat int.crt order.c >t && put order t order.k
sed 's/$/\r/' crlf.chain >t && sed 's/$/\r/' crlf.k >t2 && put crlf t t2
{ printf '\357\273\277' && cat bom.chain; } >t && { printf '\357\273\277' && cat bom.k; } >t2 && put bom t t2
cat combined.k combined.chain >t && put combined t t
cat single.k single.chain >t && put single t ''
openssl pkcs8 -topk8 -in encrypted.k -out t2 -passout pass:x -v2 aes256 && put encrypted encrypted.chain t2
openssl ec -in encpkcs1.k -aes128 -passout pass:x -out t2 2>log && put encpkcs1 encpkcs1.chain t2
openssl x509 -in der.c -outform der -out t && put der t der.k
cp perm.chain $certs/perm.crt # as root's cp leaves them
cp perm.k $certs/perm.key
chmod 600 $certs/perm.*
mkdir -p /etc/letsencrypt/live/lnk /etc/letsencrypt/archive/lnk
chmod 700 /etc/letsencrypt/archive
cp lnk.chain /etc/letsencrypt/archive/lnk/fullchain.pem
cp lnk.k /etc/letsencrypt/archive/lnk/privkey.pem
ln -sf ../../archive/lnk/fullchain.pem ../../archive/lnk/privkey.pem /etc/letsencrypt/live/lnk/
ln -sf /etc/letsencrypt/live/lnk/fullchain.pem $certs/lnk.crt
ln -sf /etc/letsencrypt/live/lnk/privkey.pem $certs/lnk.key
install -m 0640 -g _nexushub-proxy lnk.chain $certs/fullchain.pem
install -m 0640 -g _nexushub-proxy lnk.k $certs/privkey.pem
install -m 0644 tmp.chain /tmp/tmp.crt
install -m 0644 tmp.k /tmp/tmp.key
ln -sf /tmp/tmp.crt /tmp/tmp.key $certs/
