/// Files in a tar file, one by one: data sets come in thousands of these (WebDataset), which a file system of
/// many small files is spared. libarchive reads them, where programs are built with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace examples {

/// Whether a file is taken for a tar file, by its name.
bool is_tar(const std::filesystem::path& path);

/// Hands on the name of each file in it and where its header begins, in their order; of the file no more is
/// read than the headers. Throws ascribe::Error, naming the tar file, where it cannot be read, where it is
/// compressed (a member would be found by reading all before it), and where programs are built without
/// libarchive.
void each_member(const std::filesystem::path& tar,
                 const std::function<void(const std::string& name, std::uint64_t offset)>& take);

/// The bytes of the file whose header begins there. Throws ascribe::Error as each_member.
std::string member(const std::filesystem::path& tar, std::uint64_t offset);

}  // namespace examples
