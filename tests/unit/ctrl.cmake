# Unit tests of referd

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
	return()
endif()

foreach(name archive cast clock config feed fields filter json link log member message
		node outbox outq reader redo report retention
		schema sender store table textcheck verb)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE ctrl
		PkgConfig::CMOCKA)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

# The store is the test's own
target_link_options(unit_ctrl_feed PRIVATE -Wl,--wrap=store_replay)

# So is it here, and what the nodes report goes no further
target_link_options(unit_ctrl_node PRIVATE -Wl,--wrap=emit
	-Wl,--wrap=store_each -Wl,--wrap=store_forget
	-Wl,--wrap=store_pending -Wl,--wrap=store_trouble)

# In a referd whose one node is the test
foreach(name intake queue)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c
		${CMAKE_CURRENT_LIST_DIR}/onenode.c
		${CMAKE_CURRENT_LIST_DIR}/told.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE ctrl
		PkgConfig::CMOCKA)
	target_link_options(unit_ctrl_${name} PRIVATE
		-Wl,--wrap=webhook_send)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

# In a referd without a network
foreach(name app command hooks late refusal)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c
		${CMAKE_CURRENT_LIST_DIR}/told.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE fuzz_referd
		PkgConfig::CMOCKA)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()
