#pragma once

#include <string>
#include <string_view>

#include "libs/testing/temp_dir.h"

namespace agentflow::testing {

// An ECDSA P-256 key pair in PEM, as the gateway signs contexts with (ES256).
struct KeyPairForTest {
  std::string private_pem;  // PKCS #8
  std::string public_pem;   // SubjectPublicKeyInfo
};
KeyPairForTest MakeKeyPairForTest();

// A certificate authority for one test, and certificates as services have them: CN and SAN are
// the service's name, with localhost and 127.0.0.1. Files live as long as this object.
class CertificatesForTest {
 public:
  struct Issued {
    std::string cert_path, key_path;
    std::string cert_pem, key_pem;
  };

  CertificatesForTest();
  ~CertificatesForTest();

  const std::string& ca_path() const { return ca_path_; }
  const std::string& ca_pem() const { return ca_pem_; }
  // A new certificate each time, valid for a day; with `expired`, until an hour ago.
  Issued Issue(std::string_view service, bool expired = false) const;

 private:
  struct Impl;
  TempDir dir_;
  std::string ca_path_, ca_pem_;
  Impl* impl_;
};

}  // namespace agentflow::testing
