#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agentflow::tenant {

// Credentials as text: a prefix that tells the kind, 40 random characters (238 bits), and six
// that check the rest, so that a mistyped or invented one is refused without a look-up and
// scanners find leaked ones: af(t|r)?_[0-9A-Za-z]{46}
enum class CredentialKind { kApiKey, kAccessToken, kRefreshToken };

std::string MakeCredential(CredentialKind kind);
// The kind, or nullopt when the text is no credential of ours.
std::optional<CredentialKind> KindOfCredential(std::string_view text);
// What is stored of a credential: its SHA-256.
std::string CredentialHash(std::string_view text);
// The first characters, to recognise a key by: "af_3kX9..."
std::string CredentialHint(std::string_view text);

}  // namespace agentflow::tenant
