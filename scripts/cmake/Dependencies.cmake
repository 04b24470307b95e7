# Finds every package once. Debian 12 ships CMake files for most of them;
# protobuf comes by CMake's own module; RE2, xxHash and RocksDB by pkg-config
# (the CMake file of RocksDB asks for what only its static library needs).

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET GLOBAL re2)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET GLOBAL rocksdb>=7.8)
add_library(re2::re2 ALIAS PkgConfig::re2)
add_library(xxhash::xxhash ALIAS PkgConfig::xxhash)
add_library(rocksdb::rocksdb ALIAS PkgConfig::rocksdb)

# What the programs allocate with (docs/decisions/0016-allocator.md). It takes
# the place of malloc by being linked first; sanitizers bring their own.
add_library(streamer_allocator INTERFACE)
add_library(streamer::allocator ALIAS streamer_allocator)
if(NOT STREAMER_SANITIZE)
  find_package(mimalloc 2.0 CONFIG REQUIRED)
  target_link_libraries(streamer_allocator INTERFACE mimalloc)
  target_compile_definitions(streamer_allocator INTERFACE STREAMER_MIMALLOC)
endif()

# The wire and the service: protobuf first, gRPC's file looks for it.
find_package(Protobuf 3.21 REQUIRED)
find_package(gRPC 1.51 CONFIG REQUIRED)
find_program(STREAMER_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS system)
find_package(spdlog CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

if(STREAMER_TESTS)
  find_package(GTest CONFIG REQUIRED)
  find_package(benchmark CONFIG REQUIRED)
  include(GoogleTest)
endif()

# The interpreter is the one of .venv, made by scripts/setup, unless the
# caller (a wheel build) names another.
if(STREAMER_PYTHON)
  set(venv_python "${PROJECT_SOURCE_DIR}/.venv/bin/python")
  if(NOT SKBUILD AND NOT Python_EXECUTABLE AND EXISTS "${venv_python}")
    set(Python_EXECUTABLE "${venv_python}")
  endif()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
    OUTPUT_VARIABLE pybind11_DIR
    OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 CONFIG REQUIRED)
endif()
