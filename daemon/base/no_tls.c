// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libmicrohttpd would need of gnutls, did a server of ours speak TLS: none does.
 *
 * libmicrohttpd is linked into the programs (Makefile). As a library it brings gnutls and what that
 * needs, ten libraries: six million instructions of each start of a program, and memory for as long
 * as it runs. Nobody outside sees these: libraries that do speak TLS find the real ones. When a new
 * libmicrohttpd wants more of them, programs can not be linked any more.
 */
#include <stdlib.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define NOT_HERE __attribute__((visibility("hidden"), alias("not_here")))

/* no daemon is started with MHD_USE_TLS */
__attribute__((used)) static void not_here(void)
{
	abort();
}

/* libmicrohttpd calls these two for every daemon */
HIDDEN int gnutls_global_init(void);
HIDDEN void gnutls_global_deinit(void);

int gnutls_global_init(void)
{
	return 0;
}

void gnutls_global_deinit(void)
{
}

HIDDEN extern void *(*gnutls_malloc)(size_t size);
void *(*gnutls_malloc)(size_t size) = malloc;

NOT_HERE void gnutls_alpn_set_protocols(void);
NOT_HERE void gnutls_bye(void);
NOT_HERE void gnutls_certificate_allocate_credentials(void);
NOT_HERE void gnutls_certificate_free_credentials(void);
NOT_HERE void gnutls_certificate_server_set_request(void);
NOT_HERE void gnutls_certificate_set_dh_params(void);
NOT_HERE void gnutls_certificate_set_retrieve_function2(void);
NOT_HERE void gnutls_certificate_set_retrieve_function3(void);
NOT_HERE void gnutls_certificate_set_x509_key_mem(void);
NOT_HERE void gnutls_certificate_set_x509_key_mem2(void);
NOT_HERE void gnutls_certificate_set_x509_trust_mem(void);
NOT_HERE void gnutls_cipher_get(void);
NOT_HERE void gnutls_credentials_set(void);
NOT_HERE void gnutls_deinit(void);
NOT_HERE void gnutls_dh_params_deinit(void);
NOT_HERE void gnutls_dh_params_import_pkcs3(void);
NOT_HERE void gnutls_dh_params_init(void);
NOT_HERE void gnutls_handshake(void);
NOT_HERE void gnutls_init(void);
NOT_HERE void gnutls_priority_deinit(void);
NOT_HERE void gnutls_priority_init(void);
NOT_HERE void gnutls_priority_set(void);
NOT_HERE void gnutls_protocol_get_version(void);
NOT_HERE void gnutls_psk_allocate_server_credentials(void);
NOT_HERE void gnutls_psk_free_server_credentials(void);
NOT_HERE void gnutls_psk_set_server_credentials_function(void);
NOT_HERE void gnutls_record_check_pending(void);
NOT_HERE void gnutls_record_get_direction(void);
NOT_HERE void gnutls_record_recv(void);
NOT_HERE void gnutls_record_send(void);
NOT_HERE void gnutls_session_get_ptr(void);
NOT_HERE void gnutls_session_set_ptr(void);
NOT_HERE void gnutls_strerror(void);
NOT_HERE void gnutls_transport_set_int2(void);
