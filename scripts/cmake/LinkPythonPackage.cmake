# Run by target python_package: makes PACKAGE_DIR hold one link per source of
# SOURCE_DIR, and drops the links whose source is gone. Compiled modules are
# real files there and are left alone.

file(MAKE_DIRECTORY "${PACKAGE_DIR}")

file(GLOB present LIST_DIRECTORIES true "${PACKAGE_DIR}/*")
foreach(path IN LISTS present)
  if(IS_SYMLINK "${path}" AND NOT EXISTS "${path}")
    file(REMOVE "${path}")
  endif()
endforeach()

file(GLOB sources LIST_DIRECTORIES true "${SOURCE_DIR}/*")
list(FILTER sources EXCLUDE REGEX "/__pycache__$")
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME)
  file(CREATE_LINK "${source}" "${PACKAGE_DIR}/${name}" SYMBOLIC)
endforeach()
