# Fails when the committed API description is not the one the protos give.
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${GENERATED} ${COMMITTED}
                RESULT_VARIABLE different)
if(different)
  message(FATAL_ERROR "${COMMITTED} is not what proto/ says; run: ninja -C build/dev update-openapi")
endif()
