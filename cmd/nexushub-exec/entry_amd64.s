#include "textflag.h"

// func entry()
// argc, argv and envp lie on the stack. Who calls Go from assembly reads g from
// thread-local storage, so there has to be some, empty as it is.
TEXT ·entry(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ SP, BX
	LEAQ ·local+64(SB), SI
	MOVQ $0x1002, DI // ARCH_SET_FS
	MOVQ $158, AX    // arch_prctl
	SYSCALL
	SUBQ $64, SP
	ANDQ $~15, SP
	MOVQ BX, 0(SP)
	CALL ·begin(SB)
	INT  $3
