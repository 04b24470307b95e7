# Language, warnings, sanitizers and the tools that make building faster.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# The same for the presets and for a wheel, which so finds compiled objects in
# ccache: assertions off, line tables for profilers and stack traces.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

# The working directory is left out of the hash, so that two build folders of
# one tree share their results: -g1 records absolute source paths anyway.
find_program(STREAMER_CCACHE ccache)
if(STREAMER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env CCACHE_NOHASHDIR=1 "${STREAMER_CCACHE}")
endif()

find_program(STREAMER_MOLD mold)
if(STREAMER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What is linked but not used is not loaded: the Python core keeps its log in
# memory, and would otherwise load RocksDB with every import.
add_link_options(-Wl,--as-needed)

# Linking is short but heavy in memory; two at a time suit a small machine.
set_property(GLOBAL PROPERTY JOB_POOLS link=2)
set(CMAKE_JOB_POOL_LINK link)

# Warnings are for our own targets only, see Targets.cmake. The four that stay
# warnings are drawn from the optimiser's view and are wrong too often in
# gcc 12; -Wrestrict is wrong about std::string's operator+ (gcc bug 105651).
# Designated initializers leave out what has a default, which is not missing.
set(STREAMER_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND STREAMER_WARNINGS -Wno-restrict)
else()
  # Names constrained templates as gcc 12 does, which compiled the libraries.
  add_compile_options(-fclang-abi-compat=17)
endif()
if(STREAMER_WARNINGS_AS_ERRORS)
  list(APPEND STREAMER_WARNINGS
    -Werror
    -Wno-error=maybe-uninitialized
    -Wno-error=stringop-overflow
    -Wno-error=stringop-overread
    -Wno-error=array-bounds)
endif()

if(STREAMER_SANITIZE)
  add_compile_options(
    -fsanitize=${STREAMER_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${STREAMER_SANITIZE})
endif()

if(STREAMER_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
