# How everything in this tree is built: compiler settings, outside packages and
# the four functions af_library, af_proto, af_service and af_program.
# Source lists are explicit. A dependency that points up the layers fails here.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_SKIP_RPATH ON)

# ccache sees paths relative to the tree, so that checkouts share one cache.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
# Not under the name re2, whose variables gRPC's own search for it reads.
pkg_check_modules(af_re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(argon2 REQUIRED IMPORTED_TARGET libargon2)

set(AF_WARNINGS -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror)

# Fails when `name` (of `layer`) depends on a library of a higher layer.
function(_af_check_layer name layer)
  foreach(dep IN LISTS ARGN)
    get_target_property(dep_layer af_${dep} AF_LAYER)
    if(dep_layer GREATER layer)
      message(FATAL_ERROR "${name} (layer ${layer}) must not depend on ${dep} (layer ${dep_layer})")
    endif()
  endforeach()
endfunction()

function(_af_test name)
  cmake_parse_arguments(T "" "" "SRCS;LINK" ${ARGN})
  if(NOT T_SRCS)
    return()
  endif()
  add_executable(${name}_test ${T_SRCS})
  target_compile_options(${name}_test PRIVATE ${AF_WARNINGS})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name}_test PRIVATE ${T_LINK} GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_property(GLOBAL APPEND PROPERTY AF_TESTS ${name}_test)
endfunction()

# af_library(NAME json LAYER 0 SRCS json.cc DEPS base [LINK external...]
#            [PUBLIC_LINK external...] [TESTS json_test.cc] [TEST_DEPS testing])
# A static library af_<name> with, if it has tests, one test executable <name>_test.
# DEPS are libraries of this tree by NAME; LINK are outside packages, invisible to users.
function(af_library)
  cmake_parse_arguments(L "" "NAME;LAYER" "SRCS;DEPS;LINK;PUBLIC_LINK;TESTS;TEST_DEPS" ${ARGN})
  add_library(af_${L_NAME} STATIC ${L_SRCS})
  set_target_properties(af_${L_NAME} PROPERTIES AF_LAYER ${L_LAYER})
  target_compile_options(af_${L_NAME} PRIVATE ${AF_WARNINGS})
  target_include_directories(af_${L_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  _af_check_layer(${L_NAME} ${L_LAYER} ${L_DEPS})
  list(TRANSFORM L_DEPS PREPEND af_)
  list(TRANSFORM L_TEST_DEPS PREPEND af_)
  target_link_libraries(af_${L_NAME} PUBLIC ${L_DEPS} ${L_PUBLIC_LINK} PRIVATE ${L_LINK})
  _af_test(${L_NAME} SRCS ${L_TESTS} LINK af_${L_NAME} ${L_TEST_DEPS})
endfunction()

# Where google/api/*.proto and google/rpc/*.proto are installed.
find_path(AF_GOOGLEAPIS_DIR google/api/http.proto
          HINTS /usr/share/gocode/src/github.com/gogo/googleapis REQUIRED)
set(AF_PROTO_INCLUDES -I${CMAKE_SOURCE_DIR}/proto -I${AF_GOOGLEAPIS_DIR} -I/usr/include)

# af_proto(NAME api_workflow PROTOS agentflow/api/v1/workflow.proto DEPS options)
# Message code af_proto_<name>.
function(af_proto)
  cmake_parse_arguments(P "" "NAME" "PROTOS;DEPS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen)
  set(message_sources)
  foreach(proto IN LISTS P_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(source ${CMAKE_SOURCE_DIR}/proto/${proto})
    if(NOT EXISTS ${source})
      set(source ${AF_GOOGLEAPIS_DIR}/${proto})
    endif()
    add_custom_command(
      OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND protobuf::protoc ${AF_PROTO_INCLUDES} --cpp_out=${out} ${proto}
      DEPENDS ${source} VERBATIM)
    list(APPEND message_sources ${out}/${stem}.pb.cc)
  endforeach()
  list(TRANSFORM P_DEPS PREPEND af_proto_ OUTPUT_VARIABLE message_deps)
  add_library(af_proto_${P_NAME} STATIC ${message_sources})
  target_include_directories(af_proto_${P_NAME} SYSTEM PUBLIC ${out})
  target_link_libraries(af_proto_${P_NAME} PUBLIC ${message_deps} protobuf::libprotobuf)
  set_target_properties(af_proto_${P_NAME} PROPERTIES AF_LAYER 0)
  # Headers of the imports must exist before this target compiles.
  foreach(dep IN LISTS message_deps)
    add_dependencies(af_proto_${P_NAME} ${dep})
  endforeach()
endfunction()

# af_service(NAME tenant SRCS app.cc ... DEPS rpc pg ... [LINK ...] [TESTS ...] [TEST_DEPS ...])
# The logic once as an object library, shared by the binary agentflow-<name> and its tests.
function(af_service)
  cmake_parse_arguments(S "" "NAME" "SRCS;DEPS;LINK;TESTS;TEST_DEPS" ${ARGN})
  add_library(af_service_${S_NAME} STATIC ${S_SRCS})
  target_compile_options(af_service_${S_NAME} PRIVATE ${AF_WARNINGS})
  target_include_directories(af_service_${S_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  list(TRANSFORM S_DEPS PREPEND af_)
  list(TRANSFORM S_TEST_DEPS PREPEND af_)
  target_link_libraries(af_service_${S_NAME} PUBLIC ${S_DEPS} PRIVATE ${S_LINK})
  add_executable(agentflow-${S_NAME} main.cc)
  target_compile_options(agentflow-${S_NAME} PRIVATE ${AF_WARNINGS})
  target_link_libraries(agentflow-${S_NAME} PRIVATE af_service_${S_NAME})
  # Messages are made on one thread and freed on another, which glibc's malloc is slow at. Sanitizers
  # bring an allocator of their own.
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_options(agentflow-${S_NAME} PRIVATE LINKER:--no-as-needed)
    target_link_libraries(agentflow-${S_NAME} PRIVATE PkgConfig::jemalloc)
  endif()
  set_target_properties(agentflow-${S_NAME} PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  _af_test(${S_NAME} SRCS ${S_TESTS} LINK af_service_${S_NAME} ${S_TEST_DEPS})
endfunction()

# af_program(NAME agentflow SRCS main.cc ... DEPS ... [LINK ...] [TESTS ...]): a tool in build/bin.
function(af_program)
  cmake_parse_arguments(S "" "NAME" "SRCS;DEPS;LINK" ${ARGN})
  add_executable(${S_NAME} ${S_SRCS})
  target_compile_options(${S_NAME} PRIVATE ${AF_WARNINGS})
  target_include_directories(${S_NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  list(TRANSFORM S_DEPS PREPEND af_)
  target_link_libraries(${S_NAME} PRIVATE ${S_DEPS} ${S_LINK})
  set_target_properties(${S_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()
