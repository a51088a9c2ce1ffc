# Unit tests of the module's files that need no baresip

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

foreach(name notify sipfrag target text verb)
	add_executable(unit_module_${name} unit/module_${name}.c)
	target_link_libraries(unit_module_${name} PRIVATE
		sip_refer_pure PkgConfig::CMOCKA)
	add_test(NAME unit.module_${name} COMMAND unit_module_${name})
endforeach()
