#include "libs/rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/tls_credentials.h"

namespace agentflow::rpc {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

absl::Status BadFile(std::string_view path, std::string_view what) {
  return InvalidArgument("TLS_FILES_INVALID", "tls", std::string(path) + " " + std::string(what));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in.good() || text.str().empty()) return BadFile(path, "cannot be read");
  return text.str();
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

Memory Reader(const std::string& pem) {
  return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
}

Certificate ParseCertificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr), X509_free);
}

std::string CommonName(X509* certificate) {
  char name[256];
  int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                       sizeof name);
  return size > 0 ? std::string(name, static_cast<size_t>(size)) : std::string();
}

}  // namespace

struct Tls::Rep {
  std::shared_ptr<FileWatcherCertificateProvider> provider;
};

Tls::Tls() = default;
Tls::~Tls() = default;

absl::StatusOr<TlsPtr> Tls::Load(const TlsFiles& files, std::chrono::seconds reload) {
  AF_ASSIGN_OR_RETURN(std::string ca, ReadFile(files.ca));
  AF_ASSIGN_OR_RETURN(std::string cert, ReadFile(files.cert));
  AF_ASSIGN_OR_RETURN(std::string key, ReadFile(files.key));
  Certificate certificate = ParseCertificate(cert);
  PrivateKey private_key(PEM_read_bio_PrivateKey(Reader(key).get(), nullptr, nullptr, nullptr),
                         EVP_PKEY_free);
  if (ParseCertificate(ca) == nullptr) return BadFile(files.ca, "holds no certificate");
  if (certificate == nullptr) return BadFile(files.cert, "holds no certificate");
  if (private_key == nullptr) return BadFile(files.key, "holds no private key");
  if (X509_check_private_key(certificate.get(), private_key.get()) != 1) {
    return BadFile(files.key, "does not belong to " + files.cert);
  }
  std::shared_ptr<Tls> tls(new Tls());
  tls->name_ = CommonName(certificate.get());
  if (tls->name_.empty()) return BadFile(files.cert, "has no common name (CN)");
  tls->rep_ = std::make_unique<Rep>();
  tls->rep_->provider = std::make_shared<FileWatcherCertificateProvider>(
      files.key, files.cert, files.ca, static_cast<unsigned>(reload.count()));
  return TlsPtr(std::move(tls));
}

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsOf(const Tls& tls) {
  grpc::experimental::TlsServerCredentialsOptions options(tls.rep().provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.set_check_call_host(false);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const Tls& tls) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(tls.rep().provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(
      std::make_shared<grpc::experimental::HostNameCertificateVerifier>());
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace agentflow::rpc
