package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// compare reads to the end of a body and says unless it is the payload's first bytes, all of them and no more.
func compare(body io.Reader, length int, buffer []byte) error {
	read := 0
	for {
		count, err := body.Read(buffer)
		if read+count > length || !bytes.Equal(buffer[:count], payload[read:read+count]) {
			return fmt.Errorf("of a body of %d bytes one of the first %d is wrong, or there are more", length, read+count)
		}
		read += count
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if read != length {
		return fmt.Errorf("a body of %d bytes ended after %d", length, read)
	}
	return nil
}
