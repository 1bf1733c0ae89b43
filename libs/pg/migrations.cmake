# af_migrations(NAME designer FILES migrations/0001_workflows.sql ...)
# Compiles SQL files, in the given order, into the library af_migrations_<name>, which defines
#   agentflow::<name>::Migrations()  declared in "migrations/<name>.h".
function(af_migrations)
  cmake_parse_arguments(M "" "NAME" "FILES" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen/migrations/${M_NAME})
  list(TRANSFORM M_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  string(REPLACE ";" "," files "${M_FILES}")
  add_custom_command(
    OUTPUT ${out}.cc ${out}.h
    COMMAND ${CMAKE_COMMAND} -DNAME=${M_NAME} -DOUT=${out} -DFILES=${files}
            -P ${CMAKE_SOURCE_DIR}/libs/pg/embed_sql.cmake
    DEPENDS ${M_FILES} ${CMAKE_SOURCE_DIR}/libs/pg/embed_sql.cmake VERBATIM)
  add_library(af_migrations_${M_NAME} STATIC ${out}.cc ${out}.h)
  set_target_properties(af_migrations_${M_NAME} PROPERTIES AF_LAYER 3)
  target_include_directories(af_migrations_${M_NAME} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/gen)
  target_include_directories(af_migrations_${M_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(af_migrations_${M_NAME} PUBLIC af_base)
endfunction()
