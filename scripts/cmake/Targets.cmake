# The functions with which the folders declare their targets.
#
#   streamer_library(value DEPENDS base LIBS simdjson::simdjson)
#   streamer_program(streamerd SOURCES main.cc LIBS streamer::service)
#   streamer_python_module(_core SOURCES core_module.cc LIBS streamer::core)
#   streamer_support(value SOURCES random.cc LIBS streamer::base)
#   streamer_test(value LIBS streamer_support_value)
#   streamer_fuzzer(event decode_line)
#   streamer_benchmark(match_bench LIBS streamer::match)
#
# Libraries are named by folder: target streamer_value, alias streamer::value.
# DEPENDS names folders, LIBS names targets; naming each keeps the link graph
# equal to the table in cpp/README.md.

set(STREAMER_INCLUDE_ROOT "${PROJECT_SOURCE_DIR}/cpp")
set(STREAMER_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")
set(STREAMER_PACKAGE_DIR "${PROJECT_BINARY_DIR}/python/streamer")

# Adds `folder` once it has a CMakeLists.txt; creating the first one makes the
# next build configure again.
function(streamer_add_folder folder)
  file(GLOB declared CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt")
  if(declared)
    add_subdirectory(${folder})
  endif()
endfunction()

# Settings shared by everything that we compile ourselves.
function(streamer_compile_settings target)
  target_compile_options(${target} PRIVATE ${STREAMER_WARNINGS})
endfunction()

# One static library per folder of cpp/: its *.cc and internal/*.cc, without
# main.cc, which belongs to a program. A folder with headers only becomes an
# interface library.
function(streamer_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;LIBS")
  file(GLOB sources CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/*.cc"
    "${CMAKE_CURRENT_SOURCE_DIR}/internal/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  list(TRANSFORM arg_DEPENDS PREPEND streamer::)
  set(target streamer_${folder})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    streamer_compile_settings(${target})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${STREAMER_INCLUDE_ROOT}")
  target_link_libraries(${target} ${scope} ${arg_DEPENDS} ${arg_LIBS})
  add_library(streamer::${folder} ALIAS ${target})
endfunction()

# An executable in <build>/bin, on the allocator of Dependencies.cmake.
function(streamer_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  streamer_compile_settings(${name})
  target_include_directories(${name} PRIVATE "${STREAMER_INCLUDE_ROOT}")
  target_link_libraries(${name} PRIVATE streamer::allocator ${arg_LIBS})
endfunction()

# A pybind11 module, placed into the importable package of this build folder.
# `-fvisibility` and section stripping are pybind11's own; LTO is left out,
# it would compile the core a second time.
function(streamer_python_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  streamer_python_package()
  pybind11_add_module(${name} MODULE NO_EXTRAS ${arg_SOURCES})
  streamer_compile_settings(${name})
  target_include_directories(${name} PRIVATE "${STREAMER_INCLUDE_ROOT}")
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  set_target_properties(${name} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY "${STREAMER_PACKAGE_DIR}")
  add_dependencies(${name} python_package)
  add_dependencies(python_modules ${name})
  install(TARGETS ${name} LIBRARY DESTINATION streamer COMPONENT python)
endfunction()

# <build>/python/streamer: links to the sources in python/streamer, beside the
# compiled modules. It is what .venv imports in the everyday loop, so an edit
# of a Python file needs no build and no wheel is made.
function(streamer_python_package)
  if(TARGET python_package)
    return()
  endif()
  add_custom_target(python_modules)
  add_custom_target(python_package ALL
    COMMAND "${CMAKE_COMMAND}"
      "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}/python/streamer"
      "-DPACKAGE_DIR=${STREAMER_PACKAGE_DIR}"
      -P "${PROJECT_SOURCE_DIR}/scripts/cmake/LinkPythonPackage.cmake"
    COMMENT "Linking python/streamer into ${STREAMER_PACKAGE_DIR}")
endfunction()

# Generates C++ from .proto files (named from the root of the tree, whose
# proto/ is their import root) into the build folder and compiles it.
# A second call for the same name does nothing.
function(streamer_proto_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "GRPC" "NAME" "FILES")
  foreach(file IN LISTS arg_FILES)
    file(GLOB present CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${file}")
    if(TARGET ${arg_NAME} OR NOT present)
      return()
    endif()
  endforeach()
  set(generated "")
  foreach(file IN LISTS arg_FILES)
    streamer_generate_wire_code(${file} "${arg_GRPC}" sources)
    list(APPEND generated ${sources})
  endforeach()
  add_library(${arg_NAME} STATIC ${generated})
  target_compile_options(${arg_NAME} PRIVATE -w)
  target_include_directories(${arg_NAME} SYSTEM PUBLIC
    "${STREAMER_GENERATED_DIR}")
  target_link_libraries(${arg_NAME} PUBLIC protobuf::libprotobuf)
  if(arg_GRPC)
    target_link_libraries(${arg_NAME} PUBLIC gRPC::grpc++)
  endif()
  string(REPLACE "streamer_" "streamer::" alias ${arg_NAME})
  add_library(${alias} ALIAS ${arg_NAME})
endfunction()

# Adds the command for one .proto file; `result` receives the generated .cc.
function(streamer_generate_wire_code file grpc result)
  set(root "${PROJECT_SOURCE_DIR}/proto")
  file(RELATIVE_PATH stem "${root}" "${PROJECT_SOURCE_DIR}/${file}")
  string(REGEX REPLACE "\\.proto$" "" stem "${stem}")
  set(outputs "${STREAMER_GENERATED_DIR}/${stem}.pb")
  set(options "--cpp_out=${STREAMER_GENERATED_DIR}")
  if(grpc)
    list(APPEND outputs "${STREAMER_GENERATED_DIR}/${stem}.grpc.pb")
    list(APPEND options
      "--grpc_out=${STREAMER_GENERATED_DIR}"
      "--plugin=protoc-gen-grpc=${STREAMER_GRPC_CPP_PLUGIN}")
  endif()
  set(sources ${outputs})
  set(headers ${outputs})
  list(TRANSFORM sources APPEND .cc)
  list(TRANSFORM headers APPEND .h)
  file(MAKE_DIRECTORY "${STREAMER_GENERATED_DIR}")
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND protobuf::protoc "--proto_path=${root}" ${options}
      "${PROJECT_SOURCE_DIR}/${file}"
    DEPENDS "${PROJECT_SOURCE_DIR}/${file}"
    COMMENT "Generating wire code from ${file}"
    VERBATIM)
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# One library of tests/cpp/support, streamer_support_<folder>: generators and
# models for the tests of that folder and of those above. Each is linked by
# name, since an archive of all would not link below the highest folder that it
# speaks of.
function(streamer_support folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  set(target streamer_support_${folder})
  add_library(${target} STATIC ${arg_SOURCES})
  streamer_compile_settings(${target})
  target_include_directories(${target} PUBLIC
    "${STREAMER_INCLUDE_ROOT}" "${PROJECT_SOURCE_DIR}/tests/cpp")
  target_link_libraries(${target} PUBLIC
    streamer::${folder} ${arg_LIBS} GTest::gmock)
endfunction()

# <folder>_test from tests/cpp/<folder>/*_test.cc, each case known to ctest.
# Cases are listed when ctest starts, not while building.
function(streamer_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBS")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  if(NOT sources)
    return()
  endif()
  set(target ${folder}_test)
  add_executable(${target} ${sources})
  streamer_compile_settings(${target})
  target_include_directories(${target} PRIVATE
    "${STREAMER_INCLUDE_ROOT}" "${PROJECT_SOURCE_DIR}/tests/cpp")
  target_link_libraries(${target} PRIVATE
    streamer::${folder} ${arg_LIBS} GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${target}
    TEST_PREFIX "${folder}."
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 600 LABELS ${folder})
endfunction()

# A libFuzzer entry in <name>_fuzzer.cc, with kept inputs in corpus/<name>.
# Built for fuzzing under STREAMER_FUZZ; else it only replays the kept inputs,
# as a test.
function(streamer_fuzzer folder name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LIBS")
  set(target ${folder}_${name}_fuzzer)
  add_executable(${target} ${name}_fuzzer.cc)
  streamer_compile_settings(${target})
  target_include_directories(${target} PRIVATE
    "${STREAMER_INCLUDE_ROOT}" "${PROJECT_SOURCE_DIR}/tests/cpp")
  target_link_libraries(${target} PRIVATE
    ${arg_LIBS} streamer::${folder})
  if(STREAMER_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  target_sources(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/tests/cpp/support/replay_corpus.cc")
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  add_test(NAME ${folder}.${name}_corpus COMMAND ${target} "${corpus}")
  set_tests_properties(${folder}.${name}_corpus PROPERTIES
    TIMEOUT 600 LABELS ${folder})
endfunction()

# A Google Benchmark program in <build>/bench, run by `make bench`.
function(streamer_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cc)
  endif()
  streamer_program(${name}
    SOURCES ${arg_SOURCES}
    LIBS ${arg_LIBS} benchmark::benchmark)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
endfunction()

# Target checkheaders: compiles every header of cpp/ alone, as the first and
# only include of a file of its own.
function(streamer_check_headers)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS
    RELATIVE "${STREAMER_INCLUDE_ROOT}" "${STREAMER_INCLUDE_ROOT}/*.h")
  add_custom_target(checkheaders)
  foreach(folder IN LISTS STREAMER_FOLDERS)
    set(own ${headers})
    list(FILTER own INCLUDE REGEX "^${folder}/")
    if(own AND TARGET streamer_${folder})
      streamer_check_headers_of(${folder} ${own})
    endif()
  endforeach()
endfunction()

function(streamer_check_headers_of folder)
  set(sources "")
  foreach(header IN LISTS ARGN)
    set(source "${PROJECT_BINARY_DIR}/checkheaders/${header}.cc")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n")
    list(APPEND sources "${source}")
  endforeach()
  set(target checkheaders_${folder})
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  streamer_compile_settings(${target})
  target_compile_options(${target} PRIVATE -O0 -g0)
  target_link_libraries(${target} PRIVATE streamer::${folder})
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  add_dependencies(checkheaders ${target})
endfunction()
