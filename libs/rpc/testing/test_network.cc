#include "libs/rpc/testing/test_network.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/random.h"

namespace agentflow::rpc {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

std::string MakeFolder() {
  std::string path = std::filesystem::temp_directory_path().string() + "/agentflow-net-XXXXXX";
  AF_CHECK(mkdtemp(path.data()) != nullptr);
  return path;
}

// Replaced in one step, as a renewal in production does.
void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new", std::ios::binary) << text;
  std::filesystem::rename(path + ".new", path);
}

template <typename Write>
std::string Pem(Write write) {
  Memory memory(BIO_new(BIO_s_mem()), BIO_free_all);
  AF_CHECK(write(memory.get()) == 1);
  char* data = nullptr;
  long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string PemOf(X509* certificate) {
  return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}
std::string PemOf(EVP_PKEY* key) {
  return Pem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void AddExtension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  AF_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer_key`; by itself where there is no issuer.
Certificate MakeCertificate(const std::string& common_name, EVP_PKEY* key, X509* issuer,
                            EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new(), X509_free);
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  uint64_t serial = crypto::SecureRandom().Next() >> 1;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
  X509_set_pubkey(x509, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(x509, X509_get_subject_name(issuer != nullptr ? issuer : x509));
  if (issuer == nullptr) {
    AddExtension(x509, x509, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    AddExtension(x509, issuer, NID_subject_alt_name,
                 "DNS:" + common_name + ",DNS:localhost,IP:127.0.0.1");
  }
  AF_CHECK(X509_sign(x509, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

struct TestNetwork::Authority {
  Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  Certificate certificate{MakeCertificate("test authority", key.get(), nullptr, key.get())};
};

TestNetwork::TestNetwork()
    : folder_(MakeFolder()),
      context_key_(crypto::SigningKey::Generate()),
      verifier_(std::make_shared<auth::ContextVerifier>(
          std::vector{*crypto::VerifyingKey::FromPem(context_key_.PublicPem())}, &clock_)),
      authority_(std::make_unique<Authority>()) {
  WriteFile(folder_ + "/ca.pem", PemOf(authority_->certificate.get()));
  WriteFile(context_public_key_file(), context_key_.PublicPem());
  WriteFile(context_private_key_file(), context_key_.PrivatePem());
}

TestNetwork::~TestNetwork() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestNetwork::Issue(const std::string& service, const std::string& common_name) {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Certificate certificate =
      MakeCertificate(common_name, key.get(), authority_->certificate.get(), authority_->key.get());
  WriteFile(folder_ + "/" + service + ".key.pem", PemOf(key.get()));
  WriteFile(folder_ + "/" + service + ".cert.pem", PemOf(certificate.get()));
}

TlsFiles TestNetwork::FilesFor(const std::string& service) {
  TlsFiles files{folder_ + "/ca.pem", folder_ + "/" + service + ".cert.pem",
                 folder_ + "/" + service + ".key.pem"};
  std::lock_guard lock(mutex_);
  if (!std::filesystem::exists(files.cert)) Issue(service, service);
  return files;
}

TlsPtr TestNetwork::TlsFor(const std::string& service) {
  TlsFiles files = FilesFor(service);
  std::lock_guard lock(mutex_);
  TlsPtr& tls = identities_[service];
  if (tls == nullptr) {
    absl::StatusOr<TlsPtr> loaded = Tls::Load(files, std::chrono::seconds(1));
    AF_CHECK(loaded.ok());
    tls = *std::move(loaded);
  }
  return tls;
}

void TestNetwork::Renew(const std::string& service, const std::string& common_name) {
  std::lock_guard lock(mutex_);
  Issue(service, common_name.empty() ? service : common_name);
}

ServerOptions TestNetwork::ServerOptionsFor(const std::string& service) {
  ServerOptions options;
  options.service = service;
  options.tls = TlsFor(service);
  options.contexts = verifier_;
  return options;
}

ChannelPtr TestNetwork::Connect(const std::string& from, const std::string& to, int port) {
  ChannelOptions options;
  options.service = to;
  options.addresses = {"127.0.0.1:" + std::to_string(port)};
  options.tls = TlsFor(from);
  return *Channel::Make(options);
}

std::string TestNetwork::UserContext(const std::string& tenant,
                                     const std::vector<std::string>& permissions,
                                     const std::string& principal) {
  auth::Principal who;
  who.tenant = tenant;
  who.name = principal;
  who.permissions = permissions;
  return auth::ContextMinter(context_key_, &clock_).Mint(who);
}

CallOptions TestNetwork::As(const std::string& tenant, const std::vector<std::string>& permissions,
                            const std::string& principal) {
  CallOptions options;
  options.user_context = UserContext(tenant, permissions, principal);
  return options;
}

std::string TestNetwork::SettingsFor(const std::string& service) {
  TlsFiles files = FilesFor(service);
  return "tls: {ca: " + files.ca + ", cert: " + files.cert + ", key: " + files.key +
         "}\ncontext_keys: [" + context_public_key_file() + "]\n";
}

}  // namespace agentflow::rpc
