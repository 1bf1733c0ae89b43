#pragma once

#include <span>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace agentflow::pg {

// One migration: the file's name without ".sql", and its text.
struct Migration {
  const char* name;
  const char* sql;
};

// A service's migrations in order, made from SQL files by the CMake function
//   af_migrations(NAME designer FILES migrations/0001_workflows.sql ...)
// which defines agentflow::designer::Migrations() in the library af_migrations_designer and
// declares it in "migrations/designer.h".
struct MigrationSet {
  const char* schema;
  std::span<const Migration> migrations;
};

// Brings a schema up to date as `<service>_owner`. One process at a time does so (an advisory
// lock); the others wait and find it done. Each migration runs in a transaction of its own with
// search_path set to the schema, after those of this library itself (the audit outbox), and is
// recorded with its hash in `<schema>.schema_migrations`.
//
// Errors: MIGRATION_EDITED when an applied migration has another text now, MIGRATION_UNKNOWN when
// the database has one that this binary does not know and that does not come after its own (a
// newer binary's additions are fine), MIGRATION_FAILED with the server's message.
absl::Status Migrate(const std::string& owner_url, const MigrationSet& set);

}  // namespace agentflow::pg
