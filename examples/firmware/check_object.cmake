# Fails where an object file needs memory from the heap, or exceptions: cmake -DNM=… -DOBJECT=… -P check_object.cmake
execute_process(COMMAND "${NM}" -u "${OBJECT}" OUTPUT_VARIABLE needed COMMAND_ERROR_IS_FATAL ANY)
if(NOT needed MATCHES "memcpy|memset|abort")
  message(FATAL_ERROR "${OBJECT} needs nothing of what it must: it is not the one that is meant\n${needed}")
endif()
string(REGEX MATCHALL "[^ \n]*(malloc|calloc|realloc|memalign|aligned_alloc|_Zn[wa][jm]|__cxa_throw|__cxa_allocate|__cxa_begin_catch|_Unwind|pthread|GOMP)[^ \n]*"
       forbidden "${needed}"
)
if(forbidden)
  message(FATAL_ERROR "${OBJECT} needs ${forbidden}")
endif()
