#include "libs/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "libs/base/status.h"

namespace agentflow::testing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  AF_CHECK(key != nullptr);
  return key;
}

template <typename Write>
std::string Pem(const Write& write) {
  std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  AF_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string PrivatePem(const Key& key) {
  return Pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  AF_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// With neither issuer nor issuer key: a certificate authority signed by itself.
Certificate Sign(const std::string& name, const Key& key, const Certificate& issuer,
                 const Key& issuer_key, bool expired) {
  Certificate certificate(X509_new(), X509_free);
  X509* raw = certificate.get();
  X509* signer = issuer ? issuer.get() : raw;
  X509_set_version(raw, 2);
  uint64_t serial = 0;
  AF_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(raw), expired ? -7200 : -60);
  X509_gmtime_adj(X509_getm_notAfter(raw), expired ? -3600 : 86'400);
  X509_set_pubkey(raw, key.get());
  X509_NAME* subject = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(raw, X509_get_subject_name(signer));
  if (issuer) {
    AddExtension(raw, signer, NID_basic_constraints, "critical,CA:FALSE");
    AddExtension(raw, signer, NID_ext_key_usage, "serverAuth,clientAuth");
    AddExtension(raw, signer, NID_subject_alt_name, "DNS:" + name + ",DNS:localhost,IP:127.0.0.1");
  } else {
    AddExtension(raw, signer, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(raw, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  AF_CHECK(X509_sign(raw, issuer ? issuer_key.get() : key.get(), EVP_sha256()) > 0);
  return certificate;
}

std::string CertificatePem(const Certificate& certificate) {
  return Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

}  // namespace

struct CertificatesForTest::Impl {
  Key key = MakeKey();
  Certificate certificate;
  mutable int issued = 0;
};

KeyPairForTest MakeKeyPairForTest() {
  Key key = MakeKey();
  return {PrivatePem(key), Pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); })};
}

CertificatesForTest::CertificatesForTest() : impl_(new Impl) {
  impl_->certificate = Sign("agentflow test CA", impl_->key, nullptr, nullptr, false);
  ca_pem_ = CertificatePem(impl_->certificate);
  ca_path_ = dir_.Write("ca.pem", ca_pem_);
}

CertificatesForTest::~CertificatesForTest() {
  delete impl_;
}

CertificatesForTest::Issued CertificatesForTest::Issue(std::string_view service,
                                                       bool expired) const {
  Key key = MakeKey();
  Issued issued;
  issued.cert_pem =
      CertificatePem(Sign(std::string(service), key, impl_->certificate, impl_->key, expired));
  issued.key_pem = PrivatePem(key);
  std::string stem = std::string(service) + "-" + std::to_string(impl_->issued++);
  issued.cert_path = dir_.Write(stem + ".pem", issued.cert_pem);
  issued.key_path = dir_.Write(stem + ".key", issued.key_pem);
  return issued;
}

}  // namespace agentflow::testing
