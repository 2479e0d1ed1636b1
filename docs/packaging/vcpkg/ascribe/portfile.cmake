# An overlay port of the sources that it lies among: vcpkg install ascribe --overlay-ports=docs/packaging/vcpkg.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

set(VCPKG_BUILD_TYPE release) # headers, and one library for both
vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES compiled ASCRIBE_BUILD_COMPILED)
foreach(feature IN ITEMS onnx clusters)
  # Found by headers, which may be there for another port.
  if(NOT feature IN_LIST FEATURES)
    set(headers_onnx PROTOZERO)
    set(headers_clusters SPECTRA)
    list(APPEND options "-DASCRIBE_${headers_${feature}}_INCLUDE_DIR=")
  endif()
endforeach()
if("compiled" IN_LIST FEATURES)
  vcpkg_check_linkage(ONLY_STATIC_LIBRARY)
endif()

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${options} -DASCRIBE_BUILD_TESTS=OFF -DASCRIBE_BUILD_EXAMPLES=OFF
)
vcpkg_cmake_install()
if("compiled" IN_LIST FEATURES)
  vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/ascribe)
else()
  vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/ascribe)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")
endif()
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/licenses" "${CURRENT_PACKAGES_DIR}/debug")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
