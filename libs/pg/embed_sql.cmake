# Script of af_migrations: writes ${OUT}.h and ${OUT}.cc from the SQL files in FILES.
string(REPLACE "," ";" FILES "${FILES}")
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(stem ${file} NAME_WE)
  file(READ ${file} sql)
  string(APPEND entries "    {\"${stem}\", R\"af_sql(${sql})af_sql\"},\n")
endforeach()
file(WRITE ${OUT}.h "#pragma once

#include \"libs/pg/migrate.h\"

namespace agentflow::${NAME} {
pg::MigrationSet Migrations();
}
")
file(WRITE ${OUT}.cc "#include \"migrations/${NAME}.h\"

namespace agentflow::${NAME} {
namespace {
constexpr pg::Migration kMigrations[] = {
${entries}};
}  // namespace

pg::MigrationSet Migrations() { return {\"${NAME}\", kMigrations}; }
}  // namespace agentflow::${NAME}
")
