# Read by cpack, before it packs.
if(NOT CPACK_SIP_REFER_PREFIX STREQUAL "/usr")
	message(FATAL_ERROR "The packages are for /usr, and this build is for "
		"${CPACK_SIP_REFER_PREFIX}: configure it with "
		"-DCMAKE_INSTALL_PREFIX=/usr.")
endif()
if(NOT CPACK_SIP_REFER_MODULES STREQUAL "/usr/lib/baresip/modules")
	message(FATAL_ERROR "The packages are for Debian's baresip, and this "
		"build is for one with ${CPACK_SIP_REFER_MODULES}: install it "
		"with cmake --install.")
endif()
