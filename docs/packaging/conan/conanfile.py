"""ascribe for Conan 2, of the sources that this recipe lies among: conan create docs/packaging/conan."""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rm


class Ascribe(ConanFile):
    name = "ascribe"
    description = "Why a network said so: relevance for C++ inference code"
    license = "MIT"
    topics = ("explainability", "attribution", "lrp", "deeplift", "neural-networks", "onnx")
    settings = "os", "arch", "compiler", "build_type"
    options = {"compiled": [True, False], "onnx": [True, False], "clusters": [True, False]}
    default_options = {"compiled": True, "onnx": True, "clusters": True}
    options_description = {
        "compiled": "the library for graphs and ONNX files beside the headers",
        "onnx": "what reads and writes ONNX files needs protozero",
        "clusters": "groups of explanations need Spectra",
    }

    @property
    def _repository(self):
        return Path(self.recipe_folder).parents[2]

    def set_version(self):
        # The version stands in include/ascribe/version.hpp alone.
        header = load(self, self._repository / "include/ascribe/version.hpp")
        self.version = ".".join(re.findall(r"define ASCRIBE_VERSION_[A-Z]+ (\d+)", header))

    def export_sources(self):
        for part in ("CMakeLists.txt", "LICENSE", "CHANGELOG.md", "include/*", "docs/packaging/*.in", "docs/packaging/*.cmake", "docs/reference/*"):
            copy(self, part, src=self._repository, dst=self.export_sources_folder)

    def configure(self):
        self.package_type = "static-library" if self.options.compiled else "header-library"

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        headers = {"transitive_headers": True, "transitive_libs": True}
        self.requires("eigen/3.4.0", **headers)
        if self.options.onnx:
            self.requires("protozero/1.7.1", **headers)
        if self.options.clusters:
            self.requires("spectra/1.0.1", **headers)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        if not self.info.options.compiled:
            self.info.settings.clear()

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for option, value in {
            "COMPILED": bool(self.options.compiled),
            "TESTS": False,
            "EXAMPLES": False,
        }.items():
            toolchain.cache_variables[f"ASCRIBE_BUILD_{option}"] = value
        for variable, package, folder in (
            ("PROTOZERO", "protozero", self.options.onnx),
            ("SPECTRA", "spectra", self.options.clusters),
        ):
            # Found by their headers, in Conan's package or, where the profile says so, in the system.
            if folder and package in {str(d.ref.name) for d in self.dependencies.host.values()}:
                found = self.dependencies[package].cpp_info.aggregated_components().includedirs
                if found:
                    toolchain.cache_variables[f"ASCRIBE_{variable}_INCLUDE_DIR"] = found[0]
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        rm(self, "*.pc", self.package_folder, recursive=True)  # Conan makes its own

    def package_info(self):
        # The package's own CMake files have the targets ascribe::ascribe, onnx, clusters and compiled.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/ascribe" if self.options.compiled else "share/cmake/ascribe"]
        self.cpp_info.set_property("pkg_config_name", "ascribe")
        if self.options.compiled:
            self.cpp_info.libs = ["ascribe_compiled"]
            self.cpp_info.defines = ["ASCRIBE_COMPILED"]
        else:
            self.cpp_info.libdirs = []
        self.cpp_info.bindirs = []
