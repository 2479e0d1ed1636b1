# Reads CTest's LastTest.log, says "<cases that passed> <cases that failed> <tests of CTest>". A test may be many of Catch's
# cases, as its last line says; whatever has no such line is one case, and a program that ended early one that failed.
function finish() {
  if (!tests) return
  if (!summary) { cases_passed = ended_well; cases_failed = 0 }
  if (!ended_well && !cases_failed) cases_failed = 1
  passed += cases_passed
  failed += cases_failed
}
# The number before a word, or 0: "test cases: 12 | 11 passed | 1 failed".
function number_before(word,    fields, count, i) {
  count = split($0, fields, /[ |()]+/)
  for (i = 2; i <= count; ++i) if (fields[i] == word) return fields[i - 1]
  return 0
}
/^[0-9]+\/[0-9]+ Testing: / { finish(); ++tests; summary = ended_well = not_run = cases_passed = cases_failed = 0 }
# CTest writes "Test Passed." of what it could not start.
/^Command: ""$/ { not_run = 1 }
/^All tests passed \(.* in [0-9]+ test cases?\)/ { summary = 1; cases_passed = number_before("test"); cases_failed = 0 }
/^test cases: / { summary = 1; cases_passed = number_before("passed"); cases_failed = number_before("failed") }
/^No test cases in this part/ { summary = 1; cases_passed = cases_failed = 0 }
/^Test Passed\.$/ { ended_well = !not_run }
# Of a test that has to print something.
/^Test Pass Reason:$/ { ended_well = 1 }
END { finish(); print passed + 0, failed + 0, tests + 0 }
