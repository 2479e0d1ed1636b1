#include "examples/support/pdf.hpp"

#include "ascribe/core/error.hpp"

#ifdef ASCRIBE_EXAMPLES_PDF

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <cairo-ft.h>
#include <cairo-pdf.h>

#include "examples/support/font.hpp"
#include "examples/support/utf8.hpp"

namespace examples {
namespace {

/// Pixels are a 96th of an inch, points a 72nd.
constexpr double points_a_pixel = 0.75, most_points = 14400;

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* it) const { destroy(it); }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy<cairo_surface_t, cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Destroy<cairo_t, cairo_destroy>>;

/// The letters of the pictures. They stay to the end of the program, as cairo keeps what it has made of them.
class Fonts {
 public:
  Fonts() {
    if (FT_Init_FreeType(&library_) != 0) ascribe::fail("pdf: expected FreeType, found that it cannot begin");
    faces_[0] = load(font_regular, font_regular_size);
    faces_[1] = load(font_bold, font_bold_size);
  }

  cairo_font_face_t* face(bool bold) const { return faces_[bold ? 1 : 0]; }

 private:
  cairo_font_face_t* load(const unsigned char* bytes, std::size_t size) {
    FT_Face face = nullptr;
    if (FT_New_Memory_Face(library_, bytes, static_cast<FT_Long>(size), 0, &face) != 0)
      ascribe::fail("pdf: expected the letters of the pictures, found that they cannot be read");
    return cairo_ft_font_face_create_for_ft_face(face, FT_LOAD_NO_HINTING);
  }

  FT_Library library_ = nullptr;
  cairo_font_face_t* faces_[2] = {};
};

void set_colour(cairo_t* page, Rgb colour) {
  cairo_set_source_rgb(page, colour[0] / 255.0, colour[1] / 255.0, colour[2] / 255.0);
}

void draw(cairo_t* page, const Drawing::Rectangle& part, const Fonts&) {
  set_colour(page, part.colour);
  cairo_rectangle(page, part.x, part.y, part.width, part.height);
  cairo_fill(page);
}

void draw(cairo_t* page, const Drawing::Pasted& part, const Fonts&) {
  const ascribe::Picture& picture = part.picture;
  check_picture(picture);
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture.width, picture.height));
  cairo_surface_flush(image.get());
  unsigned char* row = cairo_image_surface_get_data(image.get());
  if (row == nullptr) ascribe::fail("pdf: expected memory for a picture, found none");
  const unsigned char* from = picture.rgb.data();
  for (int y = 0; y < picture.height; ++y, row += cairo_image_surface_get_stride(image.get())) {
    auto* const pixels = reinterpret_cast<std::uint32_t*>(row);
    for (int x = 0; x < picture.width; ++x, from += 3)
      pixels[x] = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
  }
  cairo_surface_mark_dirty(image.get());
  cairo_set_source_surface(page, image.get(), part.x, part.y);
  cairo_pattern_set_filter(cairo_get_source(page), CAIRO_FILTER_NEAREST);
  cairo_paint(page);
}

void draw(cairo_t* page, const Drawing::Text& part, const Fonts& fonts) {
  std::string text;
  std::vector<cairo_glyph_t> glyphs;
  std::vector<cairo_text_cluster_t> clusters;
  for (const Letter& letter : letters_of(part.text, part.style)) {
    const std::size_t before = text.size();
    append_character(text, static_cast<std::uint32_t>(letter.character));
    glyphs.push_back({static_cast<unsigned long>(letter.glyph), part.x + double{letter.x},
                      double(part.y + part.style.size)});
    clusters.push_back({static_cast<int>(text.size() - before), 1});
  }
  cairo_set_font_face(page, fonts.face(part.style.bold));
  cairo_set_font_size(page, part.style.size);
  set_colour(page, part.style.colour);
  cairo_show_text_glyphs(page, text.data(), static_cast<int>(text.size()), glyphs.data(),
                         static_cast<int>(glyphs.size()), clusters.data(), static_cast<int>(clusters.size()),
                         cairo_text_cluster_flags_t{});
}

}  // namespace

std::string pdf_of(const Drawing& drawing) {
  drawing.check();
  for (const int side : {drawing.width, drawing.height})
    if (points_a_pixel * side > most_points)
      ascribe::fail("pdf: expected at most ", most_points / points_a_pixel, " pixels a side, found ",
                    drawing.width, " x ", drawing.height);
  // A face serves one drawing at a time.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  static const Fonts& fonts = *new Fonts;
  std::string pdf;
  const auto append = [](void* to, const unsigned char* bytes, unsigned count) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
  };
  const Surface surface(cairo_pdf_surface_create_for_stream(append, &pdf, points_a_pixel * drawing.width,
                                                            points_a_pixel * drawing.height));
  // The time of its making would be all that differs between two files of one drawing.
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, "");
  const Context page(cairo_create(surface.get()));
  cairo_scale(page.get(), points_a_pixel, points_a_pixel);
  for (const auto& part : drawing.parts) std::visit([&](const auto& p) { draw(page.get(), p, fonts); }, part);
  cairo_show_page(page.get());
  cairo_surface_finish(surface.get());
  for (const cairo_status_t status : {cairo_status(page.get()), cairo_surface_status(surface.get())})
    if (status != CAIRO_STATUS_SUCCESS) ascribe::fail("pdf: ", cairo_status_to_string(status));
  return pdf;
}

}  // namespace examples

#else

namespace examples {

std::string pdf_of(const Drawing&) { ascribe::fail("pdf: ", no_pdf); }

}  // namespace examples

#endif
