#include "examples/explain/batch.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/version.hpp"
#include "examples/explain/page.hpp"
#include "examples/support/pdf.hpp"
#include "examples/support/png.hpp"

namespace explain {
namespace {

namespace fs = std::filesystem;

fs::path with(fs::path path, const std::string& ending) { return path += ending; }

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string_view name_of(ascribe::Colours colours) {
  const auto& all = ascribe::colours_by_name;
  return std::find_if(std::begin(all), std::end(all), [&](const auto& one) { return one.second == colours; })
      ->first;
}

/// All that the numbers and the files depend on besides the inputs.
Json settings_of(const Options& o) {
  const auto number = [](int part) { return std::to_string(part) + "."; };
  Json settings{{"ascribe", number(ASCRIBE_VERSION_MAJOR) + number(ASCRIBE_VERSION_MINOR) +
                                std::to_string(ASCRIBE_VERSION_PATCH)},
                {"MODEL", o.model_fingerprint},
                {"--method", o.method->name},
                {"--max-rule", o.max_rule},
                {"--output", o.output},
                {"--epsilon", o.epsilon},
                {"--gamma", o.gamma},
                {"--steps", o.steps},
                {"--warn-above", o.warn_above},
                {"--mean", o.mean},
                {"--std", o.deviation},
                {"--low", o.low},
                {"--high", o.high},
                {"--precision", o.in_double ? "double" : "float"},
                {"--target", Json::array()},
                {"--weights", o.weights.empty() ? "" : fingerprint(o.weights)},
                {"--probability", o.probability},
                {"--keep-branches", o.keep_branches},
                {"--no-batch", o.no_batch},
                {"--size", o.sizes},
                {"--input", Json::array()},
                {"--explain", Json::array()},
                {"--vocabulary", o.vocabulary.empty() ? "" : fingerprint(o.vocabulary)},
                {"--keep-case", o.keep_case},
                {"--at", Json::array()},
                {"--patch", o.patch},
                {"--stride", o.stride},
                {"--segments", o.segments.empty() ? "" : fingerprint(o.segments)},
                {"--layer", o.layer},
                {"--baseline", Json::array()},
                {"--average-baselines", o.average_baselines},
                {"--labels", o.labels.empty() ? "" : fingerprint(o.labels)},
                {"--colours", name_of(o.colours)},
                {"--contour", o.contour ? Json(*o.contour) : Json()},
                {"--channels", o.by_channel}};
  for (const Target& target : o.targets) {
    const auto output = target.output();
    settings["--target"].push_back(output ? Json(*output) : Json(target.text()));
  }
  for (const auto& [input, baseline] : o.baselines)
    for (const std::string& file : baseline_files(baseline)) {
      const std::string known = is_baseline_word(file) ? file : fingerprint(file);
      settings["--baseline"].push_back(input.empty() ? Json(known) : Json{input, known});
    }
  if (!o.input_name.empty()) settings["--explain"].push_back(o.input_name);
  for (const auto& [name, files] : o.with_them)
    for (const auto& file : files) settings["--explain"].push_back({name, fingerprint(file)});
  for (const auto& [name, file] : o.other_inputs) settings["--input"].push_back({name, fingerprint(file)});
  for (const auto& [node, path] : o.at) settings["--at"].push_back(node);
  std::string kinds;
  const auto add = [&](bool given, const char* kind) {
    if (given) kinds += (kinds.empty() ? "" : ",") + std::string(kind);
  };
  const bool folder = !o.output_folder.empty();
  add(folder ? o.write.relevance : !o.relevance.empty(), "relevance");
  add(folder ? o.write.output_values : !o.output_values.empty(), "outputs");
  add(folder ? o.write.multipliers : !o.multipliers.empty(), "multipliers");
  add(folder ? o.write.ledger : !o.ledger.empty(), "ledger");
  add(folder && o.write.heatmap, "heatmap");
  settings["--write"] = kinds;
  return settings;
}

}  // namespace

std::vector<fs::path> Job::files() const {
  std::vector<fs::path> all = numbers;
  for (const auto& path : {ledger, heatmap, page})
    if (!path.empty()) all.push_back(path);
  return all;
}

fs::path Job::picture(std::size_t n) const {
  return with(pictures, (one_picture ? "" : "." + std::to_string(picture_number + n)) + ".heatmap.png");
}

fs::path Job::journal() const { return with(files().front(), ".journal"); }

JobWriter::JobWriter(const Report& report, Job job)
    : report_(report), job_(std::move(job)), files_(job_.names) {
  if (job_.names != OutputFiles::Names::random) {
    std::error_code error;
    const fs::path folder = (job_.files().empty() ? job_.pictures : job_.files().front()).parent_path();
    if (!folder.empty()) fs::create_directories(folder, error);
  }
  if (job_.goes_on()) {
    if (!Journal::read(job_.journal(), job_.settings))
      for (const auto& path : job_.files())
        if (is_there(partial(path)))
          ascribe::fail(partial(path).string(), ": expected ", job_.journal().string(),
                        ", which says how far it is, found none; to begin anew, remove it");
    journal_.emplace(job_.journal(), job_.settings);
    state_ = journal_->state();
    if (state_.done != job_.done)
      ascribe::fail(job_.journal().string(), ": expected ", job_.done, " inputs that are done, found ",
                    state_.done, ": another run has gone on with it");
  }
  begin();
}

void JobWriter::begin() {
  if (state_.done == job_.count) {
    // All that an earlier run had left to do was to give the last names.
    for (const auto& path : job_.files())
      if (is_there(partial(path))) files_.stage(path);
    return;
  }
  for (std::size_t k = 0; k < job_.numbers.size(); ++k)
    numbers_.push_back(open(job_.numbers[k], report_.numbers[k].shape));
  if (!job_.ledger.empty()) {
    ledger_ = files_.stage(job_.ledger);
    if (state_.done == 0) {
      write_bytes(ledger_, "");
      append(ledger_begin(report_));
    } else {
      std::error_code error;
      const auto length = fs::file_size(ledger_, error);
      if (!error && length >= state_.bytes) fs::resize_file(ledger_, state_.bytes, error);
      if (error || length < state_.bytes)
        ascribe::fail(ledger_.string(), ": expected ", state_.bytes, " bytes or more to go on with, found ",
                      error ? error.message() : std::to_string(length));
    }
  }
}

JobWriter::Values JobWriter::open(const fs::path& path, const Shape& shape) {
  std::vector<std::size_t> all{job_.count};
  for (const Index size : shape) all.push_back(static_cast<std::size_t>(size));
  const fs::path staged = files_.stage(path);
  const auto of = [&]<class Scalar>(Scalar) -> Values {
    using Writer = ascribe::io::NpyWriter<Scalar>;
    return state_.done == 0 ? Writer::create(staged, all) : Writer::reopen(staged, all);
  };
  return report_.options.in_double ? of(double()) : of(float());
}

void JobWriter::put(Values& to, const std::vector<double>& numbers, const Shape& shape) {
  const auto size = static_cast<std::size_t>(count_of(shape));
  const auto of = [&]<class Scalar>(ascribe::io::NpyWriter<Scalar>& writer) {
    std::vector<Scalar> row(size, std::numeric_limits<Scalar>::quiet_NaN());
    std::transform(numbers.begin(), numbers.end(), row.begin(),
                   [](double v) { return static_cast<Scalar>(v); });
    writer.write(state_.done * size, std::span<const Scalar>(row));
  };
  if (auto* floats = std::get_if<1>(&to)) of(*floats);
  if (auto* doubles = std::get_if<2>(&to)) of(*doubles);
}

void JobWriter::append(const std::string& text) {
  std::ofstream file(ledger_, std::ios::binary | std::ios::app);
  file << text;
  file.close();
  if (!file)
    ascribe::fail(ledger_.string(), ": expected to write ", text.size(), " bytes, found that they cannot be");
  state_.bytes += text.size();
}

void JobWriter::put_picture(const std::string& png) {
  const fs::path path = job_.picture(state_.done);
  // Among the others of the job where it is as short as they are: then all appear or none.
  OutputFiles alone(OutputFiles::Names::partial);
  OutputFiles& files = job_.one_picture ? files_ : alone;
  write_bytes(files.stage(path), png);
  if (&files == &files_) return;
  alone.sync();
  alone.commit();
}

void JobWriter::add(const Result& result) {
  // An input that could not be explained has none, and NaN in their place.
  for (std::size_t k = 0; k < numbers_.size(); ++k)
    put(numbers_[k], k < result.numbers.size() ? result.numbers[k] : std::vector<double>(),
        report_.numbers[k].shape);
  if (!ledger_.empty()) append((state_.done > 0 ? ledger_between : "") + result.ledger);
  if (!result.png.empty()) put_picture(result.png);
  if (result.row) rows_.push_back(*result.row);
  if (!result.page.empty()) page_.push_back(result.page);
  if (!result.error.empty()) state_.failures.push_back(result.error);
  ++state_.done;
  if (state_.done < job_.count && Clock::now() - recorded_ > std::chrono::seconds(1)) keep();
}

void JobWriter::keep() {
  // That all is done is said by `finish`, once the ledger has its end.
  if (state_.done < job_.count) record();
}

void JobWriter::record() {
  if (!journal_ || state_.done == journal_->state().done) return;
  // First what is done, then that it is: on the disk, too.
  files_.sync();
  journal_->note(state_);
  recorded_ = Clock::now();
}

void JobWriter::finish() {
  if (!ledger_.empty()) append(ledger_end);
  if (!rows_.empty() && has_extension(job_.heatmap, {".pdf"}))
    write_bytes(files_.stage(job_.heatmap), examples::pdf_of(examples::figure_drawing(rows_)));
  else if (!rows_.empty() && has_extension(job_.heatmap, {".svg"}))
    write_bytes(files_.stage(job_.heatmap), examples::svg_of(examples::figure_drawing(rows_)));
  else if (!rows_.empty())
    examples::write_png(files_.stage(job_.heatmap), examples::figure(rows_));
  if (!job_.page.empty()) {
    examples::Page page = *report_.page;
    page.detail = page_detail(report_.options, page_.size(), job_.count);
    page.notes.insert(page.notes.end(), state_.failures.begin(), state_.failures.end());
    write_bytes(files_.stage(job_.page), examples::page_html(page, page_));
  }
  if (job_.names == OutputFiles::Names::random) {
    files_.commit();
    return;
  }
  record();
  if (!journal_) files_.sync();
  files_.commit();
  if (std::error_code ignored; journal_) fs::remove(job_.journal(), ignored);
}

Plan::Plan(const Report& report, const Inputs& inputs, bool counted) : report_(report), inputs_(inputs) {
  const Options& o = report.options;
  if (o.output_folder.empty() && !o.resume) {
    add({0, 0, inputs.size()});
    return;
  }
  settings_ = settings_of(o);
  if (o.resume || counted) {
    std::string all = fingerprint_of("");
    for (std::size_t f = 0; f < inputs.files().size(); ++f)
      all = fingerprint_of(inputs.files()[f].path + '\0' + std::to_string(inputs.first(f + 1)) + '\0', all);
    settings_["INPUT"] = all;
  }
  if (o.output_folder.empty()) {
    add_rest(0, job_of_file(0));
    return;
  }
  find_root();
  settings_["folder of the inputs"] = root_.string();
  begin_folder();
  for (std::size_t f = 0; f < inputs.files().size(); ++f) add_file(f);
}

void Plan::begin_folder() {
  const fs::path& folder = report_.options.output_folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error))
    ascribe::fail(folder.string(), ": expected a folder, or a place for one, found neither");
  lock_.emplace(folder);
  const fs::path path = folder / "explain.json";
  check_place(path);
  if (is_there(path)) {
    std::ifstream file(path);
    const Json found = Json::parse(file, nullptr, false);
    if (!found.is_object())
      ascribe::fail(path.string(), ": expected what a run was asked for, found no JSON");
    check_same(path, found, settings_);
    return;
  }
  for (const auto& other : fs::directory_iterator(folder))
    if (other.path() != partial(path))
      ascribe::fail(folder.string(), ": expected a new or empty folder, or one of an earlier run, found ",
                    other.path().filename().string(), " and no explain.json in it");
  OutputFiles files(OutputFiles::Names::partial);
  write_bytes(files.stage(path), settings_.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  files.sync();
  files.commit();
}

void Plan::find_root() {
  // What all folders that were asked for have in common; names in the output folder are counted from there.
  std::string last;
  bool first = true;
  for (const Place& place : inputs_.files()) {
    const std::string folder = place.path.substr(0, place.root);
    if (!first && folder == last) continue;
    last = folder;
    const fs::path whole = fs::absolute(folder.empty() ? "." : folder).lexically_normal() / "";
    if (first) {
      root_ = whole.parent_path();
    } else {
      fs::path common;
      const fs::path other = whole.parent_path();
      for (auto a = root_.begin(), b = other.begin(); a != root_.end() && b != other.end() && *a == *b;
           ++a, ++b)
        common /= *a;
      root_ = common;
    }
    first = false;
  }
  std::vector<std::pair<std::size_t, std::size_t>> names;
  for (std::size_t f = 0; f < inputs_.files().size(); ++f)
    names.emplace_back(std::hash<std::string>()(name_of(f).string()), f);
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i].first == names[i - 1].first && name_of(names[i].second) == name_of(names[i - 1].second))
      ascribe::fail(inputs_.files()[names[i].second].path, ": expected every input once, found it twice");
}

fs::path Plan::name_of(std::size_t file) const {
  return fs::absolute(inputs_.files()[file].path).lexically_normal().lexically_relative(root_);
}

Job Plan::job_of_file(std::size_t file) const {
  const Options& o = report_.options;
  Job job;
  job.settings = settings_;
  if (o.output_folder.empty()) {
    job.count = inputs_.size();
    for (const NumbersFile& one : report_.numbers) job.numbers.push_back(one.path);
    job.ledger = o.ledger;
    job.heatmap = o.heatmap;
    job.page = o.page;
    if (o.resume) job.names = OutputFiles::Names::kept;
    return job;
  }
  job.first = inputs_.first(file);
  job.count = inputs_.first(file + 1) - job.first;
  const fs::path name = o.output_folder / name_of(file);
  for (const NumbersFile& one : report_.numbers) job.numbers.push_back(with(name, one.ending));
  if (o.write.ledger) job.ledger = with(name, ".ledger.json");
  if (o.write.heatmap) job.pictures = name;
  job.one_picture = job.count == 1;
  job.names = job.count == 1 || job.files().empty() ? OutputFiles::Names::partial : OutputFiles::Names::kept;
  job.settings["INPUT"] = name_of(file).string() + ", " + std::to_string(job.count);
  return job;
}

void Plan::add_file(std::size_t file) {
  const Job job = job_of_file(file);
  if (job.files().empty()) {
    // Pictures alone say themselves which of them are there.
    for (std::size_t n = 0; n < job.count; ++n)
      if (!is_there(job.picture(n))) add({file, job.first + n, 1});
    return;
  }
  if (job.goes_on() && is_there(job.journal())) {
    add_rest(file, job);
    return;
  }
  const auto files = job.files();
  bool whole = std::all_of(files.begin(), files.end(), is_there);
  if (job.one_picture && !job.pictures.empty()) whole = whole && is_there(job.picture(0));
  if (!whole) add({file, job.first, job.count});
}

void Plan::add_rest(std::size_t file, Job job) {
  const auto state = Journal::read(job.journal(), job.settings);
  const std::size_t done = state ? state->done : 0;
  if (state) failures_.insert(failures_.end(), state->failures.begin(), state->failures.end());
  if (done < job.count) {
    add({file, job.first + done, job.count - done});
    return;
  }
  job.done = done;
  JobWriter(report_, std::move(job)).finish();
}

void Plan::add(const Part& part) {
  const bool grows = !parts_.empty() && parts_.back().file == part.file &&
                     parts_.back().first + parts_.back().count == part.first;
  if (!grows) {
    parts_.push_back(part);
    behind_.push_back(to_do() + part.count);
    return;
  }
  parts_.back().count += part.count;
  behind_.back() += part.count;
}

std::size_t Plan::job_of(std::size_t k) const {
  return static_cast<std::size_t>(std::upper_bound(behind_.begin(), behind_.end(), k) - behind_.begin());
}

std::size_t Plan::sample(std::size_t k) const {
  const std::size_t number = job_of(k);
  return parts_[number].first + (k + parts_[number].count - behind_[number]);
}

Job Plan::job(std::size_t number) const {
  const Part& part = parts_[number];
  Job job = job_of_file(part.file);
  job.done = part.first - job.first;
  if (job.goes_on() || !job.files().empty()) return job;
  job.picture_number = std::exchange(job.done, 0);
  job.first = part.first;
  job.count = part.count;
  return job;
}

}  // namespace explain
