#include <gtest/gtest.h>

#include <set>

#include "libs/base/status.h"
#include "libs/crypto/aes_gcm.h"
#include "libs/crypto/data_key.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/encoding.h"
#include "libs/crypto/jws.h"
#include "libs/crypto/password.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"

namespace agentflow::crypto {
namespace {

TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, case 2.
  EXPECT_EQ(HexEncode(AsText(HmacSha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);
  // RFC 9562, appendix A.4.
  Uuid dns = *Uuid::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(UuidV5(dns, "www.example.com").ToString(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(DigestTest, ComparesInConstantTime) {
  EXPECT_TRUE(ConstantTimeEqual("same", "same"));
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_FALSE(ConstantTimeEqual("same", "sane"));
  EXPECT_FALSE(ConstantTimeEqual("same", "sam"));
}

TEST(EncodingTest, Base64UrlRoundTripAndRefusals) {
  for (std::string_view text : {"", "f", "fo", "foo", "foob", "\xff\xfe\x00x"}) {
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(text)), text);
    EXPECT_EQ(Base64Decode(Base64Encode(text)), text);
  }
  EXPECT_EQ(Base64UrlEncode("\xfb\xff"), "-_8");
  EXPECT_EQ(Base64Encode("\xfb\xff"), "+/8=");
  EXPECT_EQ(Base64Decode("-_8"), "\xfb\xff");
  for (std::string_view bad : {"a", "Zg==", "Z g", "Zh", "+/8"}) {
    EXPECT_EQ(Base64UrlDecode(bad), std::nullopt) << bad;
  }
}

TEST(EncodingTest, HexAndBase62) {
  EXPECT_EQ(HexEncode(std::string("\x00\xab", 2)), "00ab");
  EXPECT_EQ(HexDecode("00AB"), std::string("\x00\xab", 2));
  EXPECT_EQ(HexDecode("0"), std::nullopt);
  EXPECT_EQ(HexDecode("0g"), std::nullopt);
  EXPECT_EQ(Base62Encode(0, 6), "000000");
  EXPECT_EQ(Base62Encode(61, 1), "z");
  EXPECT_EQ(Base62Encode(0xFFFFFFFF, 6), "4gfFC3");
}

TEST(RandomTest, TokensAreLongAndDifferent) {
  std::string token = RandomToken(40);
  EXPECT_EQ(token.size(), 40u);
  EXPECT_EQ(
      token.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
      std::string::npos);
  EXPECT_NE(token, RandomToken(40));
  EXPECT_NE(SecureRandom().Next(), SecureRandom().Next());
}

TEST(PasswordTest, HashesAndVerifies) {
  PasswordCost cheap{.memory_kib = 64, .passes = 1, .lanes = 1};
  std::string encoded = *HashPassword("correct horse", cheap);
  EXPECT_TRUE(encoded.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << encoded;
  EXPECT_TRUE(VerifyPassword("correct horse", encoded));
  EXPECT_FALSE(VerifyPassword("correct horsf", encoded));
  EXPECT_FALSE(VerifyPassword("correct horse", "garbage"));
  EXPECT_NE(encoded, *HashPassword("correct horse", cheap));
}

std::map<std::string, Secret> Keys() {
  return {{"k1", Secret(std::string(32, 'a'))}, {"k2", Secret(std::string(32, 'b'))}};
}

TEST(KeyRingTest, SealsAndOpensUnderEveryKey) {
  KeyRing old_ring = *KeyRing::Make(Keys(), "k1");
  KeyRing ring = *KeyRing::Make(Keys(), "k2");
  std::string sealed = old_ring.Seal("the secret", "acme/db");
  EXPECT_EQ(sealed.find("the secret"), std::string::npos);
  EXPECT_EQ(ring.Open(sealed, "acme/db")->Reveal(), "the secret");
  EXPECT_TRUE(ring.IsStale(sealed));
  EXPECT_FALSE(old_ring.IsStale(sealed));
  EXPECT_NE(sealed, old_ring.Seal("the secret", "acme/db")) << "nonces must differ";
}

TEST(KeyRingTest, RefusesOtherPlacesDamageAndUnknownKeys) {
  KeyRing ring = *KeyRing::Make(Keys(), "k1");
  std::string sealed = ring.Seal("the secret", "acme/db");
  EXPECT_EQ(ReasonOf(ring.Open(sealed, "other/db").status()), "SEAL_BROKEN");
  EXPECT_EQ(ReasonOf(ring.Open(sealed.substr(0, 20), "acme/db").status()), "SEAL_BROKEN");
  for (size_t i : {size_t{0}, sealed.size() / 2, sealed.size() - 1}) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(ring.Open(damaged, "acme/db").ok()) << i;
  }
  KeyRing other = *KeyRing::Make({{"k9", Secret(std::string(32, 'a'))}}, "k9");
  EXPECT_EQ(ReasonOf(other.Open(sealed, "acme/db").status()), "SEAL_KEY_UNKNOWN");
}

TEST(KeyRingTest, HasNoDefaultKey) {
  EXPECT_EQ(ReasonOf(KeyRing::Make({}, "").status()), "KEY_RING_INVALID");
  EXPECT_EQ(ReasonOf(KeyRing::Make({{"k", Secret("short")}}, "k").status()), "KEY_RING_INVALID");
}

// Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega).
TEST(AesGcmTest, KnownAnswer) {
  auto bytes = [](std::string_view hex) { return *HexDecode(hex); };
  const std::string key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string nonce = bytes("cafebabefacedbaddecaf888");
  const std::string bound_to = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string text = bytes(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  std::string sealed = "head";
  AesGcmSeal(key, nonce, text, bound_to, &sealed);
  EXPECT_EQ(HexEncode(sealed.substr(4)),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
  std::string opened;
  EXPECT_TRUE(AesGcmOpen(key, nonce, sealed.substr(4), bound_to, &opened));
  EXPECT_EQ(opened, text);
  EXPECT_FALSE(AesGcmOpen(key, nonce, sealed.substr(4), "", &opened));
  EXPECT_EQ(opened, "");
}

// By another way: the scope's key is an HMAC, and a key ring of that key opens what it sealed.
TEST(DataKeyTest, SealsAsAKeyRingOfTheDerivedKey) {
  const DataKey key = *DataKey::FromBytes(Secret(std::string(32, 'k')));
  const std::string derived(AsText(HmacSha256(std::string(32, 'k'), "scope")));
  const KeyRing ring = *KeyRing::Make({{"d", Secret(derived)}}, "d");
  for (const std::string& text : {std::string(), std::string("a text"), std::string(5'000, 'x')}) {
    const std::string sealed = key.Derive("scope").Seal(text, "place");
    EXPECT_TRUE(IsSealed(sealed));
    EXPECT_EQ(sealed.size(), text.size() + ScopeKey::kOverhead);
    EXPECT_EQ(ring.Open("\1\1d" + sealed.substr(2), "place")->Reveal(), text);
    EXPECT_EQ(*key.Derive("scope").Open(sealed, "place"), text);
  }
}

TEST(DataKeyTest, OpensNothingElse) {
  const DataKey key = DataKey::Generate();
  const std::string sealed = key.Derive("scope").Seal("a text", "place");
  EXPECT_NE(sealed, key.Derive("scope").Seal("a text", "place")) << "nonces must differ";
  std::set<std::string> nonces;
  for (int i = 0; i < 1'000; ++i) {
    nonces.insert(key.Derive("scope").Seal("a text", "place").substr(2, 12));
  }
  EXPECT_EQ(nonces.size(), 1'000u);
  EXPECT_EQ(*DataKey::FromBytes(key.bytes())->Derive("scope").Open(sealed, "place"), "a text");
  auto reason = [&](const DataKey& with, std::string_view scope, std::string_view text,
                    std::string_view place) {
    return ReasonOf(with.Derive(scope).Open(text, place).status());
  };
  EXPECT_EQ(reason(DataKey::Generate(), "scope", sealed, "place"), "SEAL_BROKEN");
  EXPECT_EQ(reason(key, "other", sealed, "place"), "SEAL_BROKEN");
  EXPECT_EQ(reason(key, "scope", sealed, "other"), "SEAL_BROKEN");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(reason(key, "scope", damaged, "place"), "SEAL_BROKEN") << i;
    EXPECT_EQ(reason(key, "scope", sealed.substr(0, i), "place"), "SEAL_BROKEN") << i;
  }
  EXPECT_EQ(ReasonOf(DataKey::FromBytes(Secret("short")).status()), "DATA_KEY_INVALID");
}

TEST(JwsTest, SignsAndVerifies) {
  SigningKey key = SigningKey::Generate();
  VerifyingKey verifier = *VerifyingKey::FromPem(key.PublicPem());
  EXPECT_EQ(key.key_id(), verifier.key_id());
  // Signatures vary in the length of their DER form; the fixed form must not.
  for (int i = 0; i < 50; ++i) {
    std::string token = key.Sign(R"({"sub":"users/1"})");
    EXPECT_EQ(KeyIdOf(token), key.key_id());
    EXPECT_EQ(*verifier.Verify(token), R"({"sub":"users/1"})");
  }
  SigningKey again = *SigningKey::FromPem(key.PrivatePem());
  EXPECT_TRUE(verifier.Verify(again.Sign("x")).ok());
}

TEST(JwsTest, RefusesForgeries) {
  SigningKey key = SigningKey::Generate();
  VerifyingKey verifier = *VerifyingKey::FromPem(key.PublicPem());
  std::string token = key.Sign(R"({"sub":"users/1"})");
  std::string head = token.substr(0, token.find('.'));
  std::string signature = token.substr(token.rfind('.') + 1);
  EXPECT_EQ(ReasonOf(verifier.Verify(SigningKey::Generate().Sign("x")).status()),
            "TOKEN_SIGNATURE_INVALID");
  EXPECT_EQ(
      ReasonOf(
          verifier.Verify(head + "." + Base64UrlEncode(R"({"sub":"users/2"})") + "." + signature)
              .status()),
      "TOKEN_SIGNATURE_INVALID");
  std::string none = Base64UrlEncode(R"({"alg":"none","typ":"JWT"})");
  std::string hmac = Base64UrlEncode(R"({"alg":"HS256","kid":"x","typ":"JWT"})");
  for (const std::string& bad :
       {std::string(), std::string("a.b"), std::string("a.b.c.d"), none + ".e30.", hmac + ".e30.x",
        token + ".", head + ".***." + signature}) {
    EXPECT_EQ(ReasonOf(verifier.Verify(bad).status()), "TOKEN_MALFORMED") << bad;
  }
  EXPECT_EQ(ReasonOf(verifier.Verify(head + ".e30.").status()), "TOKEN_SIGNATURE_INVALID");
  EXPECT_EQ(
      ReasonOf(verifier.Verify(head + ".e30." + Base64UrlEncode(std::string(64, '\0'))).status()),
      "TOKEN_SIGNATURE_INVALID");
}

TEST(JwsTest, RefusesOtherKeys) {
  EXPECT_EQ(ReasonOf(SigningKey::FromPem("no key").status()), "KEY_INVALID");
  // P-384
  constexpr char kOtherCurve[] =
      "-----BEGIN PUBLIC KEY-----\n"
      "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEybSKeqRLrgWoIOt2DhEXGghXvctDs4tb\n"
      "7tf5UUPprC2OW/R48qMF680S+Wv+KDmzpqq3J6MgsdfWT+ghJnK2BO8VEbbuG135\n"
      "jytUAXOcqLMEeB2v7B7OwE2fTNmf5xQR\n"
      "-----END PUBLIC KEY-----\n";
  absl::Status status = VerifyingKey::FromPem(kOtherCurve).status();
  EXPECT_EQ(ReasonOf(status), "KEY_INVALID");
  EXPECT_NE(MessageOf(status).find("P-256"), std::string::npos);
}

}  // namespace
}  // namespace agentflow::crypto
