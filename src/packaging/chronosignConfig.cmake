# find_package(chronosign): the target chronosign::chronosign.
include(CMakeFindDependencyMacro)
find_dependency(OpenSSL 3.0 COMPONENTS Crypto)
include(${CMAKE_CURRENT_LIST_DIR}/chronosignTargets.cmake)
