//! Signature blocks that were read when the program was built.
//!
//! In: the bytes that `build.rs` made of a block of TOML. Out: what serde makes of that, with the places in the block,
//! in a tenth of the time that TOML takes. What the keys mean and which are wrong is decided by the same types.
//!
//! A value is one byte for its kind (`s`tring, `i`nteger, `f`loat, `y`es, `n`o, `a`rray, `t`able), where it begins and ends in
//! the block, and its content. Numbers take seven bits a byte, the lowest first; those of a page's own take eight bytes. A text has its
//! length before it, an array and a table how many they hold; a table names each.

use serde::de::value::{BorrowedStrDeserializer, Error};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_spanned::de::{SpannedDeserializer, is_spanned};

/// Reads what `build.rs` made of a block.
///
/// # Errors
///
/// If the block is not what a `T` should be, or nothing was made of it.
pub(super) fn read<'de, T: Deserialize<'de>>(block: &'de [u8]) -> Result<T, Error> {
    let mut rest = block;
    T::deserialize(Value(&mut rest))
}

/// The value with which the bytes begin. Reading takes it off them.
struct Value<'de, 'r>(&'r mut &'de [u8]);

fn cut_short() -> Error {
    de::Error::custom("the prepared block is cut short")
}

fn take<'de>(rest: &mut &'de [u8], length: usize) -> Result<&'de [u8], Error> {
    let (taken, behind) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    *rest = behind;
    Ok(taken)
}

fn eight(rest: &mut &[u8]) -> Result<[u8; 8], Error> {
    take(rest, 8)?.try_into().map_err(|_| cut_short())
}

/// Takes a number off the bytes.
pub(crate) fn number(rest: &mut &[u8]) -> Result<usize, Error> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(cut_short())
}

/// Takes a text off the bytes.
pub(crate) fn text<'de>(rest: &mut &'de [u8]) -> Result<&'de str, Error> {
    let length = number(rest)?;
    str::from_utf8(take(rest, length)?).map_err(de::Error::custom)
}

/// The kind of a value and its place.
fn head(rest: &mut &[u8]) -> Result<(u8, std::ops::Range<usize>), Error> {
    let kind = take(rest, 1)?[0];
    Ok((kind, number(rest)?..number(rest)?))
}

impl<'de> Deserializer<'de> for Value<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let rest = self.0;
        match head(rest)?.0 {
            b's' => visitor.visit_borrowed_str(text(rest)?),
            b'i' => visitor.visit_i64(i64::from_le_bytes(eight(rest)?)),
            b'f' => visitor.visit_f64(f64::from_le_bytes(eight(rest)?)),
            b'y' => visitor.visit_bool(true),
            b'n' => visitor.visit_bool(false),
            b'a' => visitor.visit_seq(Several {
                left: number(rest)?,
                rest,
            }),
            b't' => visitor.visit_map(Several {
                left: number(rest)?,
                rest,
            }),
            _ => Err(cut_short()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_spanned(name) {
            let place = head(&mut &**self.0)?.1;
            return visitor.visit_map(SpannedDeserializer::new(self, place));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (kind, _) = head(self.0)?;
        if kind != b's' {
            return Err(de::Error::custom("expected a name"));
        }
        visitor.visit_enum(BorrowedStrDeserializer::new(text(self.0)?))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Value<'de, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What is left of an array or table.
struct Several<'de, 'r> {
    left: usize,
    rest: &'r mut &'de [u8],
}

impl Several<'_, '_> {
    /// Whether nothing is left; else the next is taken.
    fn is_over(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_none()
    }
}

impl<'de> SeqAccess<'de> for Several<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.is_over() {
            return Ok(None);
        }
        seed.deserialize(Value(self.rest)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Several<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.is_over() {
            return Ok(None);
        }
        let name = BorrowedStrDeserializer::new(text(self.rest)?);
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Value(self.rest))
    }
}
