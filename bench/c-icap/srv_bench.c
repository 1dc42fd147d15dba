// The c-icap service that Sluice is compared with: as little work as c-icap allows.
//
//   mode=preview  204 as soon as the preview is there
//   mode=read     reads the whole body, then 204
//   mode=echo     sends the body back while it arrives (early response), as c-icap's own srv_echo
//
// srv_echo itself alternates between 204 and 200 after a preview, so that it cannot be measured.
// clang-format off: c-icap.h must come first.
#include "c_icap/c-icap.h"
#include "c_icap/service.h"
#include "c_icap/header.h"
#include "c_icap/body.h"
#include "c_icap/simple_api.h"
// clang-format on
#include <string.h>

enum { PREVIEW_BYTES = 1024, RING_BYTES = 32768 };

struct transaction {
  enum { AT_PREVIEW, AT_END, ECHO } answers;
  ci_ring_buf_t *body;
  int has_all;
};

static int init_service(ci_service_xdata_t *service, struct ci_server_conf *conf) {
  (void)conf;
  ci_service_set_preview(service, PREVIEW_BYTES);
  ci_service_enable_204(service);
  ci_service_set_transfer_preview(service, "*");
  return CI_OK;
}

static int post_init_service(ci_service_xdata_t *service, struct ci_server_conf *conf) {
  (void)service, (void)conf;
  return CI_OK;
}

static void close_service(void) {}

static void *init_request(ci_request_t *request) {
  struct transaction *transaction = calloc(1, sizeof *transaction);
  if (strstr(request->args, "mode=preview")) transaction->answers = AT_PREVIEW;
  else if (strstr(request->args, "mode=read")) transaction->answers = AT_END;
  else transaction->answers = ECHO;
  if (transaction->answers == ECHO && ci_req_hasbody(request)) transaction->body = ci_ring_buf_new(RING_BYTES);
  return transaction;
}

static void release_request(void *data) {
  struct transaction *transaction = data;
  if (transaction->body) ci_ring_buf_destroy(transaction->body);
  free(transaction);
}

static int check_preview(char *preview, int length, ci_request_t *request) {
  struct transaction *transaction = ci_service_data(request);
  if (!ci_req_hasbody(request) || transaction->answers == AT_PREVIEW) return CI_MOD_ALLOW204;
  if (transaction->answers == ECHO) {
    ci_req_unlock_data(request);
    if (length) {
      ci_ring_buf_write(transaction->body, preview, length);
      transaction->has_all = ci_req_hasalldata(request);
    }
  }
  return CI_MOD_CONTINUE;
}

static int end_of_data(ci_request_t *request) {
  struct transaction *transaction = ci_service_data(request);
  transaction->has_all = 1;
  return transaction->answers == AT_END && ci_req_allow204(request) ? CI_MOD_ALLOW204 : CI_MOD_DONE;
}

static int service_io(char *out, int *out_length, char *in, int *in_length, int is_eof, ci_request_t *request) {
  (void)is_eof;
  struct transaction *transaction = ci_service_data(request);
  if (transaction->answers != ECHO) {
    if (out && out_length) *out_length = transaction->has_all ? CI_EOF : 0;
    return CI_OK;
  }
  int result = CI_OK;
  if (in && in_length) {
    *in_length = ci_ring_buf_write(transaction->body, in, *in_length);
    if (*in_length < 0) result = CI_ERROR;
  }
  if (out && out_length) {
    *out_length = ci_ring_buf_read(transaction->body, out, *out_length);
    if (*out_length == 0 && transaction->has_all) *out_length = CI_EOF;
  }
  return result;
}

CI_DECLARE_MOD_DATA ci_service_module_t service = {
    "bench",        "Sluice benchmark", ICAP_RESPMOD | ICAP_REQMOD,
    init_service,   post_init_service,  close_service,
    init_request,   release_request,    check_preview,
    end_of_data,    service_io,         NULL,
    NULL,
};
