# Unit tests of the module's files that need no baresip

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

foreach(name doubts dtmf farend notify profile rawsip sipfrag sipmsg sipverb
		target text uui warnings)
	add_executable(unit_module_${name} unit/module_${name}.c)
	target_link_libraries(unit_module_${name} PRIVATE
		sip_refer_pure PkgConfig::CMOCKA)
	add_test(NAME unit.module_${name} COMMAND unit_module_${name})
endforeach()

target_compile_definitions(unit_module_profile PRIVATE
	PROFILES="${CMAKE_SOURCE_DIR}/share/profiles")

set(direct_sources host/deadline.c link/connection.c link/handover.c
	link/lines.c link/link.c link/unacked.c link/window.c)

# With a loop of the test's own, and in libre's, which lets its list of timers
# be touched before 3.0; what baresip gives them is stood in for as 1.x has it
if(RE_VERSION VERSION_LESS 3)
	foreach(path host/deadline host/timers link/unacked)
		get_filename_component(name ${path} NAME)
		add_executable(unit_module_${name} unit/module_${name}.c
			${CMAKE_SOURCE_DIR}/modules/sip_refer/${path}.c)
		target_link_libraries(unit_module_${name} PRIVATE
			sip_refer_pure PkgConfig::CMOCKA)
		add_test(NAME unit.module_${name}
			COMMAND unit_module_${name})
	endforeach()

	add_executable(unit_module_capture unit/module_capture.c
		${CMAKE_SOURCE_DIR}/modules/sip_refer/transfer/capture.c
		${CMAKE_SOURCE_DIR}/modules/sip_refer/transfer/packet.c)
	target_link_libraries(unit_module_capture PRIVATE
		sip_refer_pure PkgConfig::CMOCKA)
	add_test(NAME unit.module_capture COMMAND unit_module_capture)

	# The link from end to end in one process: referd at the other one
	list(TRANSFORM direct_sources
		PREPEND ${CMAKE_SOURCE_DIR}/modules/sip_refer/)
	list(APPEND direct_sources ${CMAKE_SOURCE_DIR}/common/directexport.c)
	add_executable(unit_module_direct unit/direct.c unit/direct_referd.c
		unit/replayed.c unit/told.c ${direct_sources})
	target_include_directories(unit_module_direct PRIVATE
		${CMAKE_SOURCE_DIR}/modules/sip_refer)
	target_link_libraries(unit_module_direct PRIVATE
		baresip_api ctrl PkgConfig::CMOCKA)
	target_link_options(unit_module_direct PRIVATE
		-Wl,--wrap=store_trouble -Wl,--wrap=store_pending)
	add_test(NAME unit.module_direct COMMAND unit_module_direct)
endif()

# The walk over relocations alone, bound at the start of the program (as is
# Debian's baresip) and when first called (as is the upstream one); for another
# processor as well, where its compiler and emulator are.
set(reloc_sources ${CMAKE_CURRENT_SOURCE_DIR}/unit/reloc.c
	${CMAKE_SOURCE_DIR}/modules/sip_refer/host/reloc.c)
find_program(AARCH64_COMPILER aarch64-linux-gnu-gcc)
find_program(AARCH64_EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)

foreach(bind now lazy)
	add_executable(unit_module_reloc_${bind} ${reloc_sources})
	target_include_directories(unit_module_reloc_${bind} PRIVATE
		${CMAKE_SOURCE_DIR}/modules/sip_refer)
	target_compile_options(unit_module_reloc_${bind} PRIVATE
		-fPIE -fno-sanitize=all)
	target_link_options(unit_module_reloc_${bind} PRIVATE
		-pie -fno-sanitize=all -Wl,-z,relro,-z,${bind})
	add_test(NAME unit.module_reloc_${bind}
		COMMAND unit_module_reloc_${bind})

	if(AARCH64_COMPILER AND AARCH64_EMULATOR)
		set(program ${CMAKE_CURRENT_BINARY_DIR}/reloc_${bind}_aarch64)
		add_custom_command(OUTPUT ${program}
			COMMAND ${AARCH64_COMPILER} -std=gnu11 -O2 -Wall
				-Wextra -Werror -fPIE -pie
				-Wl,-z,relro,-z,${bind}
				-I${CMAKE_SOURCE_DIR}/modules/sip_refer
				${reloc_sources} -o ${program}
			DEPENDS ${reloc_sources} VERBATIM)
		add_custom_target(reloc_${bind}_aarch64 ALL DEPENDS ${program})
		add_test(NAME unit.module_reloc_${bind}_aarch64
			COMMAND ${AARCH64_EMULATOR}
				-L /usr/aarch64-linux-gnu ${program})
	endif()
endforeach()

# With the module whole, in what looks like baresip 1.x
if(NOT BARESIP_INCLUDE_DIR)
	foreach(name carrier hold late lines sure)
		add_executable(unit_module_${name} unit/module_${name}.c)
		target_include_directories(unit_module_${name} PRIVATE fuzz)
		target_link_libraries(unit_module_${name} PRIVATE
			fuzz_module PkgConfig::CMOCKA)
		if(name MATCHES "carrier|hold|sure")
			target_sources(unit_module_${name} PRIVATE unit/farend.c)
		endif()
		if(name MATCHES "carrier|sure")
			target_sources(unit_module_${name} PRIVATE unit/story.c)
		endif()
		add_test(NAME unit.module_${name}
			COMMAND unit_module_${name})
	endforeach()
endif()
