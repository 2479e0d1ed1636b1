# Hands Doxygen a header in which members without a comment of their own have that of their contract (contracts.txt, the first
# file), and in which a comment on several names, `Index x, y;`, is each one's: Doxygen gives it to the first alone. All that
# is added stands on the declaration's own line, so that lines keep their numbers.
BEGIN { FS = "\t" }

FILENAME ~ /contracts\.txt$/ {
  if ($0 !~ /^#/ && NF == 3) {
    ++count
    folder[count] = "/ascribe/" $1
    declared[count] = $2
    text[count] = $3
  }
  next
}

function sentence_for(line, k) {
  for (k = 1; k <= count; ++k)
    if (FILENAME ~ folder[k] && line ~ declared[k]) return text[k]
  return ""
}

# The parts of `line` between commas outside of all brackets.
function split_at_commas(line, parts, k, depth, n, c) {
  n = 1
  parts[1] = ""
  for (k = 1; k <= length(line); ++k) {
    c = substr(line, k, 1)
    if (c ~ /[<({[]/) ++depth
    if (c ~ /[])}>]/) --depth
    if (c == "," && depth == 0) parts[++n] = ""
    else parts[n] = parts[n] c
  }
  return n
}

# `Type a = 1, b;` as `Type a = 1; /** said */ Type b;`, or as it is.
function one_by_one(line, said, parts, n, k, type, result) {
  if (line !~ /^ +[A-Za-z].*, [*&]?[a-z_]+( = .*)?;$/ || line ~ /^ *(using|friend|return|template|for) /) return line
  sub(/;$/, "", line)
  n = split_at_commas(line, parts)
  type = parts[1]
  sub(/ = .*$/, "", type)
  if (n == 1 || type ~ /\(/) return line ";"
  sub(/[*&]?[A-Za-z_]+$/, "", type)
  result = parts[1] ";"
  for (k = 2; k <= n; ++k) result = result " /** " said " */" type parts[k] ";"
  return result
}

# A declaration may begin with lines of its own for the template's parameters and what is required of them.
{
  line = $0
  sub(/^ +/, "", line)
  if (line ~ /^\/\/\//) {
    said = said substr(line, 4)
    print
    next
  }
  if (line ~ /^(template <|requires)/ && line !~ /[;{]$/) {
    held[++lines] = $0
    next
  }
  comment = said == "" && line !~ /\/\/\/</ ? sentence_for(line) : ""
  before = comment == "" ? "" : "/** " comment " */ "
  for (k = 1; k <= lines; ++k) {
    print before held[k]
    before = ""
  }
  print before one_by_one($0, said comment)
  lines = 0
  said = ""
}

END {
  for (k = 1; k <= lines; ++k) print held[k]
}
