# SPDX-License-Identifier: BSD-2-Clause
# Ordinary programs at both ends of a session: ncat, openssl, curl and nginx. One that can only
# listen gets a socat before it, which calls the broker in its place.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 120 "$0"
need ncat openssl curl nginx
rendezvous_bed

head -c 8388608 /dev/urandom >$bed/big1
head -c 8388608 /dev/urandom >$bed/big2

# same FILE FILE
same() {
        test "$(sum "$1")" = "$(sum "$2")"
}

# ncat at both ends
cat_both() {
        for n in 1 2; do
                run_at c$n sh -c "exec ncat -w 2 $(calls $n "$1") 700$n <$bed/big$n >$bed/heard$n" \
                        2>"$bed/cat$n.err" &
                eval "cat_$n=\$!"
        done
        wait $cat_1 && wait $cat_2 && same $bed/big1 $bed/heard2 && same $bed/big2 $bed/heard1
}

# Certificates: the server's, and another one of the same name.
for name in right wrong; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                -subj /CN=example.org -addext subjectAltName=DNS:example.org \
                -keyout $bed/$name.key -out $bed/$name.crt 2>$bed/openssl.err ||
                fail "no certificate"
done

# before_server VERSION PORT: client 2 calls, and leads that to its own port
before_server() {
        run_at c2 socat "TCP:$(with_port "$(calls 2 "$1")" 7002),connect-timeout=20" \
                "TCP:127.0.0.1:$2" 2>$bed/before.err &
        before=$!
}

tls_server() {
        run_at c2 sh -c "cd $bed && exec openssl s_server -accept 127.0.0.1:4433 -quiet -HTTP \
                -http_server_binmode -cert right.crt -key right.key" 2>$bed/s_server.err &
        server=$!
        eventually 5 at c2 sh -c 'ss -Hltn "sport = 4433" | grep -q .' || fail "no s_server"
}

# tls_get VERSION CERTIFICATE: as a client that knows this certificate
tls_get() {
        before_server "$1" 4433
        printf 'GET /big2 HTTP/1.0\r\n\r\n' >$bed/question
        status=0
        at c1 sh -c "exec timeout 20 openssl s_client -quiet -verify_return_error \
                -verify_hostname example.org -CAfile $bed/$2.crt \
                -connect $(with_port "$(calls 1 "$1")" 7001) <$bed/question >$bed/heard1" \
                2>$bed/s_client.err || status=$?
        wait $before || :
        test $status -eq 0 && same $bed/big2 $bed/heard1
}

nginx_server() {
        mkdir -p $bed/web/upload $bed/web/temp
        cp $bed/big1 $bed/web/file
        cat >$bed/nginx.conf <<END
user $(test "$(id -u)" -eq 0 && echo root);
daemon off;
worker_processes 1;
pid $bed/nginx.pid;
error_log $bed/nginx.err error;
events { }
http {
        access_log off;
        client_body_temp_path $bed/web/temp;
        proxy_temp_path $bed/web/temp;
        fastcgi_temp_path $bed/web/temp;
        uwsgi_temp_path $bed/web/temp;
        scgi_temp_path $bed/web/temp;
        client_max_body_size 0;
        ssl_certificate $bed/right.crt;
        ssl_certificate_key $bed/right.key;
        root $bed/web;
        server {
                listen 127.0.0.1:80;
                listen 127.0.0.1:443 ssl;
                location /upload/ { dav_methods PUT; }
        }
}
END
        run_at c2 nginx -c $bed/nginx.conf -p $bed >/dev/null 2>$bed/nginx.err &
        server=$!
        eventually 5 at c2 curl -sfo /dev/null http://127.0.0.1/file || fail "nginx does not start"
}

# web VERSION SCHEME PORT CERTIFICATE CURL-OPTION...
web() {
        before_server "$1" "$3"
        url=$2://example.org:7001 status=0 certificate=$4
        to=$(calls 1 "$1")
        shift 4
        at c1 curl -sf --max-time 20 --cacert "$bed/$certificate.crt" \
                --resolve "example.org:7001:$to" "$@" || status=$?
        wait $before || :
        return $status
}

for version in 4 6; do
        session "programs $version" $version $version >$bed/session
        broker_start b1 --sessions $bed/session
        cat_both $version || fail "ncat: $(cat $bed/cat?.err)"
        ok "IPv$version: 8 MiB each way between two ncat"

        tls_server
        tls_get $version right || fail "TLS: $(cat $bed/s_client.err $bed/before.err)"
        ok "IPv$version: s_client has 8 MiB of s_server"
        control "IPv$version: s_client that expects another certificate" tls_get $version wrong
        grep -q 'verify error' $bed/s_client.err || fail "that failed for another reason"
        kill $server

        nginx_server
        for scheme in http:80 https:443; do
                url=${scheme%:*}://example.org:7001
                web $version "${scheme%:*}" "${scheme#*:}" right -o $bed/got "$url/file" &&
                        same $bed/web/file $bed/got || fail "$scheme: download"
                web $version "${scheme%:*}" "${scheme#*:}" right -T $bed/big2 \
                        "$url/upload/$version" && same $bed/big2 $bed/web/upload/$version ||
                        fail "$scheme: upload"
                ok "IPv$version: curl gets 8 MiB from nginx and gives it 8 MiB, ${scheme%:*}"
        done
        control "IPv$version: curl that expects another certificate" \
                web $version https 443 wrong -o $bed/got https://example.org:7001/file
        kill $server
        listed b1 '.pairs == 8' || fail "not eight connections: $(ask_of b1 list)"
        broker_stop b1
        patience=2
        control "IPv$version: without the broker" web $version http 80 right -o $bed/got \
                --connect-timeout 2 http://example.org:7001/file
done
