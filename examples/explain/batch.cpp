#include "examples/explain/batch.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>
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
                {"--store", o.halves ? "float16" : ""},
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
  if (o.rows_per_file > 0) settings["--rows-per-file"] = o.rows_per_file;
  if (o.compress) settings["--compress"] = true;
  return settings;
}

}  // namespace

bool has_parts(const Options& options) {
  for (const auto& [option, path] : options.files()) {
    if (path.empty()) continue;
    // The outputs of several inputs have their names in theirs, behind the stem.
    const std::string stem = path.stem().string() + ".", mark = ".journal.";
    std::error_code error;
    for (fs::directory_iterator it(path.parent_path().empty() ? "." : path.parent_path(), error), none;
         !error && it != none; it.increment(error)) {
      const std::string name = it->path().filename().string();
      const std::size_t at = name.rfind(mark);
      if (name.starts_with(stem) && at != std::string::npos &&
          name.find_first_not_of("0123456789", at + mark.size()) == std::string::npos)
        return true;
    }
  }
  return false;
}

std::vector<fs::path> Job::others() const {
  std::vector<fs::path> all;
  for (const auto& path : {ledger, heatmap, page})
    if (!path.empty()) all.push_back(path);
  return all;
}

fs::path Job::path() const {
  if (!numbers.empty()) return numbers.front().path;
  const auto all = others();
  return all.empty() ? pictures : all.front();
}

fs::path Job::picture(std::size_t n) const {
  return with(pictures, (one_picture ? "" : "." + std::to_string(n)) + ".heatmap.png");
}

std::optional<fs::path> Job::begun() const {
  for (const RowFiles& rows : numbers)
    if (auto path = rows.begun()) return path;
  for (const fs::path& other : others())
    if (is_there(partial(other))) return partial(other);
  return std::nullopt;
}

fs::path Job::journal() const { return with(path(), ".journal"); }

fs::path Job::ledger_part(const std::string& of) const { return with(partial(ledger), of); }

fs::path Job::ledger_whole() const { return ledger_part(".whole"); }

void Job::look() {
  before.clear();
  have.clear();
  // The journal is there before what it is about, and gone behind it.
  if (auto state = Journal::read(journal(), settings))
    before.push_back({"", std::move(*state)});
  else if (const auto path = begun())
    ascribe::fail(path->string(), ": expected ", journal().string(),
                  ", which says how far it is, found none; to begin anew, remove it");
  if (divisible && !is_whole())
    for (const fs::path& path : with_parts(journal()))
      if (path != journal())
        if (auto state = Journal::read(path, settings))
          before.push_back({path.string().substr(journal().string().size()), std::move(*state)});
  for (const auto& [stretch, suffix_of] : in_order())
    have.push_back({stretch.first, stretch.first + stretch.count});
}

bool Job::has(std::size_t n) const {
  const auto behind = std::upper_bound(have.begin(), have.end(), n,
                                       [](std::size_t k, const Piece& piece) { return k < piece.first; });
  return behind != have.begin() && n < std::prev(behind)->end;
}

std::size_t Job::done(Piece among) const {
  std::size_t count_of_them = 0;
  for (const Piece& piece : have) {
    const std::size_t begin = std::max(piece.first, among.first), end = std::min(piece.end, among.end);
    count_of_them += end > begin ? end - begin : 0;
  }
  return count_of_them;
}

bool Job::is_whole() const {
  return !before.empty() && before.front().suffix.empty() && before.front().stretches.size() == 1 &&
         before.front().stretches[0].first == 0 && before.front().stretches[0].count == count;
}

std::vector<std::pair<Journal::Stretch, std::string>> Job::in_order() const {
  std::vector<std::pair<Journal::Stretch, std::string>> all;
  for (const Done& process : before)
    for (const Journal::Stretch& stretch : process.stretches)
      if (stretch.count > 0) all.emplace_back(stretch, process.suffix);
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.first.first < b.first.first; });
  return all;
}

std::vector<std::string> Job::failures() const {
  std::vector<std::string> all;
  for (const auto& [stretch, suffix_of] : in_order())
    all.insert(all.end(), stretch.failures.begin(), stretch.failures.end());
  return all;
}

namespace {

/// Gives a job's files their names, which its journal says are whole.
void give_names(const Job& job, int threads) {
  for (const RowFiles& rows : job.numbers)
    for (std::size_t k = 0; k < rows.count(); ++k) rows.compress(k, threads);
  std::error_code error;
  if (!job.ledger.empty() && is_there(job.ledger_whole())) {
    for (const fs::path& part : with_parts(partial(job.ledger))) fs::remove(part, error);
    give_name(job.ledger_whole(), job.ledger);
  }
  for (const RowFiles& rows : job.numbers) rows.give_names();
  for (const fs::path& path : job.others())
    if (is_there(partial(path))) give_name(partial(path), path);
  // The one that says that all is done goes last.
  if (job.divisible)
    for (const fs::path& path : with_parts(job.journal()))
      if (path != job.journal()) fs::remove(path, error);
  fs::remove(job.journal(), error);
}

}  // namespace

JobWriter::JobWriter(const Report& report, Job job)
    : report_(report), job_(std::move(job)), files_(job_.names), done_(job_.done()) {
  if (job_.names != OutputFiles::Names::random) {
    std::error_code error;
    const fs::path folder = job_.path().parent_path();
    if (!folder.empty()) fs::create_directories(folder, error);
  }
  if (job_.goes_on()) {
    const fs::path path = with(job_.journal(), job_.suffix);
    journal_.emplace(path, job_.settings);
    const auto known = std::find_if(job_.before.begin(), job_.before.end(),
                                    [&](const Job::Done& done) { return done.suffix == job_.suffix; });
    if (const Journal::State none;
        journal_->state() != (known == job_.before.end() ? none : known->stretches))
      ascribe::fail(path.string(),
                    ": found more that is done than a moment ago: another run has gone on with it");
    if (!journal_->state().empty()) stretch_ = journal_->state().back();
  }
  begin();
}

void JobWriter::begin() {
  for (std::size_t k = 0; k < job_.numbers.size(); ++k) {
    const Shape& row = report_.numbers[k].shape;
    if (job_.goes_on())
      numbers_.emplace_back(
          job_.numbers[k], row, report_.options, [&](Piece rows) { return job_.done(rows); },
          job_.suffix.empty());
    else
      numbers_.emplace_back(job_.numbers[k], row, report_.options, files_);
  }
  if (job_.ledger.empty()) return;
  ledger_ = job_.suffix.empty() ? files_.stage(job_.ledger) : job_.ledger_part(job_.suffix);
  if (!journal_ || journal_->state().empty()) {
    write_bytes(ledger_, "");
    append(ledger_begin(report_));
    stretch_ = {0, 0, bytes_, bytes_};
    return;
  }
  std::error_code error;
  const auto length = fs::file_size(ledger_, error);
  bytes_ = stretch_.end;
  ledger_begun_ = true;
  if (!error && length >= bytes_) fs::resize_file(ledger_, bytes_, error);
  if (error || length < bytes_)
    ascribe::fail(ledger_.string(), ": expected ", bytes_, " bytes or more to go on with, found ",
                  error ? error.message() : std::to_string(length));
}

void JobWriter::append(const std::string& text) {
  std::ofstream file(ledger_, std::ios::binary | std::ios::app);
  file << text;
  file.close();
  if (!file)
    ascribe::fail(ledger_.string(), ": expected to write ", text.size(), " bytes, found that they cannot be");
  bytes_ += text.size();
}

void JobWriter::put_picture(std::size_t n, const std::string& png) {
  const fs::path path = job_.picture(n);
  // Among the others of the job where it is as short as they are: then all appear or none.
  OutputFiles alone(OutputFiles::Names::partial);
  OutputFiles& files = job_.one_picture ? files_ : alone;
  write_bytes(files.stage(path), png);
  if (&files == &files_) return;
  alone.sync();
  alone.commit();
}

void JobWriter::begin_stretch(std::size_t n) {
  record();
  stretch_ = {n, 0, bytes_, bytes_};
}

void JobWriter::add(std::size_t n, const Result& result) {
  if (!ledger_.empty() && ledger_begun_) append(ledger_between);
  if (stretch_.count > 0 ? n != stretch_.first + stretch_.count : n != stretch_.first) begin_stretch(n);
  // An input that could not be explained has none, and NaN in their place.
  for (std::size_t k = 0; k < numbers_.size(); ++k)
    numbers_[k].write(n, k < result.numbers.size() ? result.numbers[k] : std::vector<double>());
  if (!ledger_.empty()) append(result.ledger);
  ledger_begun_ = true;
  if (!result.png.empty()) put_picture(n, result.png);
  if (result.row) rows_.push_back(*result.row);
  if (!result.page.empty()) page_.push_back(result.page);
  if (!result.error.empty()) stretch_.failures.push_back(result.error);
  ++stretch_.count;
  stretch_.end = bytes_;
  ++done_;
  const bool ends = may_record() && !numbers_.empty() && numbers_.front().ends_file();
  if (ends || Clock::now() - recorded_ > std::chrono::seconds(1)) keep();
  if (ends)
    for (RowWriter& rows : numbers_) rows.end_file();
}

void JobWriter::keep() {
  if (may_record()) record();
}

void JobWriter::record() {
  if (!journal_ || stretch_.count == 0) return;
  if (!journal_->state().empty() && stretch_ == journal_->state().back()) return;
  // First what is done, then that it is: on the disk, too.
  for (RowWriter& rows : numbers_) rows.sync();
  files_.sync();
  if (!job_.suffix.empty() && !ledger_.empty()) sync_file(ledger_);
  journal_->note(stretch_);
  recorded_ = Clock::now();
}

void JobWriter::finish() {
  if (!ledger_.empty()) append(ledger_end);
  stretch_.end = bytes_;
  if (!rows_.empty() && has_extension(job_.heatmap, {".pdf"}))
    write_bytes(files_.stage(job_.heatmap), examples::pdf_of(examples::figure_drawing(rows_)));
  else if (!rows_.empty() && has_extension(job_.heatmap, {".svg"}))
    write_bytes(files_.stage(job_.heatmap), examples::svg_of(examples::figure_drawing(rows_)));
  else if (!rows_.empty())
    examples::write_png(files_.stage(job_.heatmap), examples::figure(rows_));
  if (!job_.page.empty()) {
    examples::Page page = *report_.page;
    page.detail = page_detail(report_.options, page_.size(), job_.count);
    page.notes.insert(page.notes.end(), stretch_.failures.begin(), stretch_.failures.end());
    write_bytes(files_.stage(job_.page), examples::page_html(page, page_));
  }
  if (!journal_) {
    for (RowWriter& rows : numbers_) rows.end_file();
    if (job_.names != OutputFiles::Names::random) files_.sync();
    files_.commit();
    return;
  }
  record();
  give_names(job_, report_.options.threads);
}

Plan::Plan(const Report& report, const Inputs& inputs, bool counted, Division& division)
    : report_(report), inputs_(inputs) {
  const Options& o = report.options;
  if (!in_folder() && !o.resume) {
    job_ = job_of_file(0);
    check_places();
    return;
  }
  settings_ = settings_of(o);
  if (o.resume || counted) {
    std::string all = fingerprint_of("");
    for (std::size_t f = 0; f < inputs.files().size(); ++f)
      all = fingerprint_of(inputs.files()[f].path + '\0' + std::to_string(inputs.first(f + 1)) + '\0', all);
    settings_["INPUT"] = all;
  }
  if (!in_folder()) {
    begin_job(division);
    return;
  }
  find_root();
  settings_["folder of the inputs"] = root_.string();
  begin_folder(division);
}

void Plan::begin_job(Division& division) {
  job_ = job_of_file(0);
  check_places();
  job_->look();
  job_->suffix = division.suffix();
  // Who goes on alone with what several have begun is one of them.
  if (job_->before.size() > 1 && job_->suffix.empty()) job_->suffix = ".0";
  if (!job_->suffix.empty()) record_.emplace(job_->journal(), job_->settings, division);
  failures_ = job_->failures();
  // What the others do from here on has not been done before.
  division.meet([] {});
}

void Plan::begin_folder(const Division& division) {
  const fs::path& folder = report_.options.output_folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error))
    ascribe::fail(folder.string(), ": expected a folder, or a place for one, found neither");
  const fs::path path = folder / "explain.json";
  check_place(path);
  if (!is_there(path)) {
    std::string other;
    for (const auto& found : fs::directory_iterator(folder))
      if (!found.path().filename().string().starts_with("explain.json."))
        other = found.path().filename().string();
    // Another process of this run may have begun it meanwhile.
    if (!other.empty() && !is_there(path))
      ascribe::fail(folder.string(), ": expected a new or empty folder, or one of an earlier run, found ",
                    other, " and no explain.json in it");
    make_once(path, [&](const fs::path& made) {
      write_bytes(made, settings_.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
    });
  }
  if (const auto holds = division.holds()) lock_.emplace(path, *holds);
  std::ifstream file(path);
  const Json found = Json::parse(file, nullptr, false);
  if (!found.is_object()) ascribe::fail(path.string(), ": expected what a run was asked for, found no JSON");
  check_same(path, found, settings_);
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

void Plan::check_places() const {
  std::set<fs::path> taken;
  for (const auto& [option, path] : report_.options.files())
    if (!path.empty()) taken.insert(fs::absolute(path).lexically_normal());
  for (const RowFiles& rows : job_->numbers) rows.check(taken, report_.options.read());
}

fs::path Plan::name_of(std::size_t file) const {
  return fs::absolute(inputs_.files()[file].path).lexically_normal().lexically_relative(root_);
}

Job Plan::job_of_file(std::size_t file) const {
  const Options& o = report_.options;
  Job job;
  job.settings = settings_;
  const auto add_numbers = [&](const fs::path& path) {
    job.numbers.push_back({path, job.count, o.rows_per_file, o.compress});
  };
  if (!in_folder()) {
    job.count = inputs_.size();
    for (const NumbersFile& one : report_.numbers) add_numbers(one.path);
    job.ledger = o.ledger;
    job.heatmap = o.heatmap;
    job.page = o.page;
    if (o.resume) job.names = OutputFiles::Names::kept;
    job.divisible = o.resume;
    return job;
  }
  job.first = inputs_.first(file);
  job.count = inputs_.first(file + 1) - job.first;
  const fs::path name = o.output_folder / name_of(file);
  for (const NumbersFile& one : report_.numbers) add_numbers(with(name, one.ending));
  if (o.write.ledger) job.ledger = with(name, ".ledger.json");
  if (o.write.heatmap) job.pictures = name;
  job.one_picture = job.count == 1;
  job.names = job.count == 1 || !job.has_files() ? OutputFiles::Names::partial : OutputFiles::Names::kept;
  job.settings["INPUT"] = name_of(file).string() + ", " + std::to_string(job.count);
  if (!job.has_files()) {
    // Pictures alone say themselves which of them are there.
    for (std::size_t n = 0; n < job.count; ++n)
      if (is_there(job.picture(n))) job.have.push_back({n, n + 1});
    return job;
  }
  if (job.goes_on() && is_there(job.journal())) {
    job.look();
    return job;
  }
  const auto others = job.others();
  bool whole = std::all_of(others.begin(), others.end(), is_there) &&
               std::all_of(job.numbers.begin(), job.numbers.end(),
                           [](const RowFiles& rows) { return rows.are_there(); });
  if (job.one_picture && !job.pictures.empty()) whole = whole && is_there(job.picture(0));
  if (whole) job.have.push_back({0, job.count});
  return job;
}

Piece Plan::samples(std::size_t unit) const {
  if (in_folder()) return {inputs_.first(unit), inputs_.first(unit + 1)};
  return {unit, unit + 1};
}

std::vector<std::size_t> Plan::to_do(std::size_t unit) {
  std::vector<std::size_t> left;
  if (!in_folder()) {
    if (!job_->has(unit)) left.push_back(unit);
    return left;
  }
  const Job job = job_of_file(unit);
  for (std::size_t n = 0; n < job.count; ++n)
    if (!job.has(n)) left.push_back(job.first + n);
  if (job.goes_on() && is_there(job.journal())) {
    const auto failures = job.failures();
    failures_.insert(failures_.end(), failures.begin(), failures.end());
    // All that an earlier run had left to do was to give the last names.
    if (job.is_whole()) give_names(job, report_.options.threads);
  }
  return left;
}

Job Plan::job(std::size_t number) const { return in_folder() ? job_of_file(number) : *job_; }

bool Plan::is_put_together() const {
  return job_ && job_->goes_on() && (!job_->suffix.empty() || job_->is_whole());
}

void Plan::end_files(Shard part) {
  job_->look();
  for (const RowFiles& rows : job_->numbers) {
    const Piece own = part_of(part, rows.count());
    for (std::size_t k = own.first; k < own.end; ++k)
      if (const Piece all = rows.rows_of(k); job_->done(all) == all.end - all.first)
        rows.compress(k, report_.options.threads);
  }
}

void Plan::put_together() {
  job_->look();
  if (!job_->is_whole()) {
    if (job_->done() < job_->count)
      ascribe::fail(job_->journal().string(), ": expected ", job_->count, " inputs that are done, found ",
                    job_->done(), ": the same command does the others");
    for (const RowFiles& rows : job_->numbers) rows.sync();
    if (!job_->ledger.empty()) put_ledger_together();
    record_->all_done(job_->count, job_->failures());
  }
  give_names(*job_, report_.options.threads);
}

void Plan::write_index(std::ostream& to) const {
  const auto write = [&](const Job& job) {
    for (std::size_t row = 0; row < job.count; ++row) {
      Json line = Json::object();
      line["input"] = inputs_.name(job.first + row);
      if (job.count > 1) line["row"] = job.numbers.empty() ? row : job.numbers.front().row_in_file(row);
      line["files"] = Json::array();
      for (const RowFiles& rows : job.numbers) line["files"].push_back(rows.file(rows.file_of(row)).string());
      if (!job.ledger.empty()) line["ledger"] = job.ledger.string();
      if (!job.pictures.empty()) line["heatmap"] = job.picture(row).string();
      to << dumped(line) << '\n';
    }
  };
  if (!in_folder()) return write(*job_);
  for (std::size_t f = 0; f < inputs_.files().size(); ++f) write(job_of_file(f));
}

void Plan::put_ledger_together() const {
  std::ofstream whole(job_->ledger_whole(), std::ios::binary);
  whole << ledger_begin(report_);
  std::vector<char> bytes;
  const char* between = "";
  for (const auto& [stretch, suffix] : job_->in_order()) {
    std::ifstream part(job_->ledger_part(suffix), std::ios::binary);
    part.seekg(static_cast<std::streamoff>(stretch.begin));
    bytes.resize(stretch.end - stretch.begin);
    part.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!part)
      ascribe::fail(job_->ledger_part(suffix).string(), ": expected ", stretch.end,
                    " bytes of what is done, found fewer");
    whole << std::exchange(between, ledger_between);
    whole.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  whole << ledger_end;
  whole.close();
  if (!whole)
    ascribe::fail(job_->ledger_whole().string(),
                  ": expected to put the ledger together, found that it cannot be written");
  sync_file(job_->ledger_whole());
}

}  // namespace explain
