//go:build !module

// The token behind p11-kit's RPC, at a socket: p11-kit-client.so is what chronoctl loads. The protocol, by which calls
// and signatures are told apart: p11-kit's rpc-message.h.
package main

import (
	"encoding/binary"
	"io"
	"net"
	"os"
)

const (
	callError = iota
	callInitialize
	callFinalize
	callGetInfo
	callGetSlotList
	callGetSlotInfo
	callGetTokenInfo
	callGetMechanismList
	callGetMechanismInfo
	callOpenSession              = 10
	callCloseSession             = 11
	callCloseAllSessions         = 12
	callGetSessionInfo           = 13
	callLogin                    = 18
	callLogout                   = 19
	callGetAttributeValue        = 24
	callFindObjectsInit          = 26
	callFindObjects              = 27
	callFindObjectsFinal         = 28
	callSignInit                 = 42
	callSign                     = 43
	callSignUpdate               = 44
	callSignFinal                = 45
	noArray               uint32 = 0xffffffff
)

// ---- What comes ----

type reader struct{ bytes []byte }

func (in *reader) take(count int) []byte {
	if count > len(in.bytes) {
		panic("a request is too short")
	}
	taken := in.bytes[:count]
	in.bytes = in.bytes[count:]
	return taken
}

func (in *reader) byte() byte      { return in.take(1)[0] }
func (in *reader) length() uint32  { return binary.BigEndian.Uint32(in.take(4)) }
func (in *reader) number() uint64  { return binary.BigEndian.Uint64(in.take(8)) }
func (in *reader) counted() []byte { return in.take(int(in.length())) }

func (in *reader) array() []byte {
	if in.byte() == 0 {
		in.length()
		return nil
	}
	return in.counted()
}

func isNumber(kind uint64) bool {
	return kind == 0x000 || kind == 0x100 || kind == 0x121 || kind == 0x166
}

func isFlag(kind uint64) bool {
	return kind <= 0x002 || kind == 0x202 || kind == 0x210 || (kind >= 0x103 && kind <= 0x10c) ||
		(kind >= 0x162 && kind <= 0x165) || (kind >= 0x170 && kind <= 0x172)
}

func (in *reader) template() map[uint64][]byte {
	template := map[uint64][]byte{}
	for count := in.length(); count > 0; count-- {
		kind, there := uint64(in.length()), in.byte()
		if there == 0 {
			continue
		}
		in.length()
		switch {
		case isNumber(kind):
			template[kind] = number(in.number())
		case isFlag(kind):
			template[kind] = []byte{in.byte()}
		default:
			template[kind] = in.counted()
		}
	}
	return template
}

// ---- What goes ----

type writer struct {
	token     *token
	bytes     []byte
	signature string
	result    uint64
}

func (out *writer) byte(values ...byte) { out.bytes = append(out.bytes, values...) }
func (out *writer) length(value uint32) { out.bytes = binary.BigEndian.AppendUint32(out.bytes, value) }

func (out *writer) number(values ...uint64) {
	for _, value := range values {
		out.bytes = binary.BigEndian.AppendUint64(out.bytes, value)
	}
}

func (out *writer) counted(bytes []byte) {
	out.length(uint32(len(bytes)))
	out.byte(bytes...)
}

func (out *writer) padded(text string, size int) {
	field := make([]byte, size)
	for i := range field {
		field[i] = ' '
	}
	copy(field, text)
	out.counted(field)
}

func (out *writer) numbers(values []uint64, wanted bool) {
	if !wanted {
		out.byte(0)
		out.length(uint32(len(values)))
		return
	}
	out.byte(1)
	out.length(uint32(len(values)))
	out.number(values...)
}

func (out *writer) attribute(kind uint64, value []byte, room uint32) {
	out.length(uint32(kind))
	switch {
	case value == nil:
		out.result = ckrAttributeTypeBad
	case room > 0 && room < uint32(len(value)):
		out.result = ckrBufferTooSmall
		value = nil
	}
	if value == nil {
		out.byte(0)
		return
	}
	out.byte(1)
	out.length(uint32(len(value)))
	switch {
	case isNumber(kind):
		out.number(binary.LittleEndian.Uint64(value))
	case isFlag(kind):
		out.byte(value...)
	case room == 0:
		out.length(noArray)
	default:
		out.counted(value)
	}
}

// ---- The calls ----

func tokenInfo(out *writer) {
	out.signature = "ssssuuuuuuuuuuuvvs"
	out.padded("estate", 32)
	out.padded("Gopher", 32)
	out.padded("1", 16)
	out.padded("1", 16)
	/* CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED */
	out.number(0x40c, 0, 0, 0, 0, 32, 4, unavailable, unavailable, unavailable, unavailable)
	out.byte(1, 0, 1, 0)
	out.padded("", 16)
}

func attributesOf(in *reader, out *writer) {
	out.signature = "aAu"
	in.number()
	object, count := in.number(), in.length()
	out.length(count)
	for ; count > 0; count-- {
		kind := uint64(in.length())
		out.attribute(kind, out.token.attribute(object, kind), in.length())
	}
	/* Its last word is the result, and the answer is a good one. */
	out.number(out.result)
	out.result = ckrOK
}

func signature(in *reader, out *writer, whole bool) {
	out.signature = "ay"
	handle, data := in.number(), []byte(nil)
	if whole {
		data = in.array()
	}
	room := in.length()
	if uint64(room) < out.token.signatureLength() {
		out.byte(0)
		out.length(uint32(out.token.signatureLength()))
		return
	}
	made, result := out.token.sign(handle, data)
	out.token.signed(handle)
	out.byte(1)
	out.counted(made)
	out.result = result
}

func objectsFound(in *reader, out *writer) {
	out.signature = "au"
	handle := in.number()
	out.numbers(out.token.find(handle, uint64(in.length())), true)
}

func slot(call uint32, in *reader, out *writer) {
	switch call {
	case callGetInfo:
		out.signature = "vsusv"
		out.byte(2, 40)
		out.padded("Gopher", 32)
		out.number(0)
		out.padded("A token in Go", 32)
		out.byte(1, 0)
	case callGetSlotList:
		out.signature = "au"
		in.byte()
		out.numbers([]uint64{7}, in.length() > 0)
	case callGetSlotInfo:
		out.signature = "ssuvv"
		out.padded("Burrow", 64)
		out.padded("Gopher", 32)
		out.number(1)
		out.byte(1, 0, 1, 0)
	case callGetTokenInfo:
		tokenInfo(out)
	case callGetMechanismList:
		out.signature = "au"
		in.number()
		out.numbers([]uint64{ckmRSA, ckmSHA256RSA}, in.length() > 0)
	case callGetMechanismInfo:
		out.signature = "uuu"
		out.number(1024, 8192, 0x2800)
	default:
		out.result = ckrFunctionUnsupported
	}
}

func answer(call uint32, in *reader, out *writer) {
	switch call {
	case callInitialize:
		out.result = out.token.initialize()
	case callFinalize:
		out.result = out.token.finalize()
	case callOpenSession:
		out.signature = "u"
		out.number(out.token.open())
	case callCloseSession:
		out.result = out.token.closeSession(in.number())
	case callCloseAllSessions:
		out.token.closeAll()
	case callGetSessionInfo:
		out.signature = "uuuu"
		out.number(7, out.token.state(), 4, 0)
	case callLogin:
		in.take(16)
		out.result = out.token.login(string(in.array()))
	case callLogout:
		out.result = out.token.logout()
	case callGetAttributeValue:
		attributesOf(in, out)
	case callFindObjectsInit:
		handle := in.number()
		out.result = out.token.findInit(handle, in.template())
	case callFindObjects:
		objectsFound(in, out)
	case callFindObjectsFinal:
	case callSignInit:
		handle, mechanism := in.number(), uint64(in.length())
		if parameter := in.length(); parameter != noArray {
			in.take(int(parameter))
		}
		out.result = out.token.signInit(handle, mechanism, in.number())
	case callSign:
		signature(in, out, true)
	case callSignUpdate:
		handle := in.number()
		out.result = out.token.signUpdate(handle, in.array())
	case callSignFinal:
		signature(in, out, false)
	default:
		slot(call, in, out)
	}
}

// ---- The socket ----

func message(call uint32, signature string, body []byte) []byte {
	var out writer
	out.length(call)
	out.counted([]byte(signature))
	out.byte(body...)
	return out.bytes
}

func (t *token) handle(request []byte) []byte {
	in := &reader{request}
	out := writer{token: t}
	call := in.length()
	in.counted()
	answer(call, in, &out)
	if out.result != ckrOK {
		return message(callError, "u", binary.BigEndian.AppendUint64(nil, out.result))
	}
	return message(call, out.signature, out.bytes)
}

func serve(client net.Conn) {
	defer client.Close()
	held, header := newToken(), make([]byte, 12)
	if _, err := io.ReadFull(client, header[:1]); err != nil {
		return
	}
	/* The oldest version of the protocol. */
	if _, err := client.Write([]byte{0}); err != nil {
		return
	}
	for {
		if _, err := io.ReadFull(client, header); err != nil {
			return
		}
		options := binary.BigEndian.Uint32(header[4:])
		request := make([]byte, options+binary.BigEndian.Uint32(header[8:]))
		if _, err := io.ReadFull(client, request); err != nil {
			return
		}
		body := held.handle(request[options:])
		var reply writer
		reply.byte(header[:4]...)
		reply.length(0)
		reply.counted(body)
		if _, err := client.Write(reply.bytes); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		panic(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(client)
	}
}
