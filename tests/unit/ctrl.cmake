# Unit tests of referd

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
	return()
endif()

foreach(name archive capture cast clock config decode feed fields filter
		fleetclient fleetstore jetstream json log loop member message node
		outbox outq reader redo retention ring schema sender store sync table
		textcheck trace transferverb verb wire)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE ctrl
		PkgConfig::CMOCKA)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

target_sources(unit_ctrl_jetstream PRIVATE
	${PROJECT_SOURCE_DIR}/common/nkey.c)

# In a referd whose engine is the test
add_executable(unit_ctrl_publisher
	${CMAKE_CURRENT_LIST_DIR}/ctrl_publisher.c
	${CMAKE_CURRENT_LIST_DIR}/fakebus.c
	${CMAKE_CURRENT_LIST_DIR}/fakestream.c)
target_link_libraries(unit_ctrl_publisher PRIVATE ctrl PkgConfig::CMOCKA)
add_test(NAME unit.ctrl_publisher COMMAND unit_ctrl_publisher)

# They read what a client that comes back gets
foreach(name retention schema store)
	target_sources(unit_ctrl_${name} PRIVATE
		${CMAKE_CURRENT_LIST_DIR}/replayed.c)
endforeach()

# The store is the test's own
target_link_options(unit_ctrl_feed PRIVATE -Wl,--wrap=loop_late
	-Wl,--wrap=store_replay
	-Wl,--wrap=store_fetch -Wl,--wrap=store_fetch_cancel)

# Time, too
target_link_options(unit_ctrl_fleetclient PRIVATE
	-Wl,--wrap=timer_start -Wl,--wrap=clock_steady_ms)

# The disk, as far as the redo log is on it
target_link_options(unit_ctrl_ring PRIVATE -Wl,--wrap=pwrite,--wrap=pwrite64)
target_link_options(unit_ctrl_sync PRIVATE -Wl,--wrap=fdatasync)

# So is it here, and what the nodes report goes no further
target_link_options(unit_ctrl_node PRIVATE -Wl,--wrap=emit
	-Wl,--wrap=store_each -Wl,--wrap=store_forget
	-Wl,--wrap=store_pending -Wl,--wrap=store_trouble)

# In a referd whose one node is the test
foreach(name attempts intake queue warm)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c
		${CMAKE_CURRENT_LIST_DIR}/onenode.c
		${CMAKE_CURRENT_LIST_DIR}/replayed.c
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
		${CMAKE_CURRENT_LIST_DIR}/replayed.c
		${CMAKE_CURRENT_LIST_DIR}/told.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE fuzz_referd
		PkgConfig::CMOCKA)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

# ... one of a fleet, whose other members are the test
foreach(name deliver request route)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c
		${CMAKE_CURRENT_LIST_DIR}/fakebus.c
		${CMAKE_CURRENT_LIST_DIR}/othermember.c
		${CMAKE_CURRENT_LIST_DIR}/replayed.c
		${CMAKE_CURRENT_LIST_DIR}/told.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE fuzz_referd
		PkgConfig::CMOCKA)
	foreach(function members_boot members_count members_label
			members_least members_node members_reachable
			members_soon view_owner)
		target_link_options(unit_ctrl_${name} PRIVATE
			-Wl,--wrap=${function})
	endforeach()
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

# In a referd in a fleet whose engine is the test
foreach(name consumer lost members view)
	add_executable(unit_ctrl_${name}
		${CMAKE_CURRENT_LIST_DIR}/ctrl_${name}.c
		${CMAKE_CURRENT_LIST_DIR}/fakebus.c
		${CMAKE_CURRENT_LIST_DIR}/fleetscene.c)
	target_link_libraries(unit_ctrl_${name} PRIVATE ctrl
		PkgConfig::CMOCKA)
	target_link_options(unit_ctrl_${name} PRIVATE
		-Wl,--wrap=timer_start,--wrap=timer_stop,--wrap=timer_runs
		-Wl,--wrap=clock_steady_ms,--wrap=fleet_emit
		-Wl,--wrap=clients_tell,--wrap=fleetstore_full
		-Wl,--wrap=losthook_post)
	add_test(NAME unit.ctrl_${name} COMMAND unit_ctrl_${name})
endforeach()

# What becomes of what others have said of it
target_link_options(unit_ctrl_lost PRIVATE -Wl,--wrap=publisher_hold
	-Wl,--wrap=intake_lost,--wrap=hooks_elsewhere)
