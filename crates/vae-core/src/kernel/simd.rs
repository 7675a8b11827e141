//! Sixteen numbers as the machine at hand holds them, and the choice of the instruction set at run time.
//!
//! The kernels are written once, over [`Vectors`]. What LLVM makes of plain loops over arrays depends on every line
//! around them; values of a vector type stay in registers. Everything elementwise is simple enough for plain loops,
//! which `multiversion` compiles for each instruction set ([`elementwise`](super::elementwise)).

use pulp::{bytemuck::Pod, cast};

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
use super::blocking::MR_AVX512;
use super::blocking::{LANES, MR_AVX2};

/// Arithmetic with lines of sixteen numbers.
pub(crate) trait Vectors: Copy {
    /// Sixteen numbers in registers: the same bytes as in memory.
    type Line: Pod;
    /// Eight numbers in registers.
    type Octet: Pod;

    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> Self::Line {
        cast(*numbers)
    }

    #[inline(always)]
    fn store(self, line: Self::Line, numbers: &mut [f32; LANES]) {
        *numbers = cast(line);
    }

    /// a · x + sum in each lane, rounded once where there is an instruction for it.
    fn multiply_add(self, a: f32, x: Self::Line, sum: Self::Line) -> Self::Line;

    /// Rows for columns.
    fn transpose(self, square: [Self::Octet; 8]) -> [Self::Octet; 8];
}

/// Work that is compiled for each instruction set.
pub(crate) trait Kernel {
    /// Does the work; MR is how many lines of sums fit into the registers beside what they are made of.
    fn execute<V: Vectors, const MR: usize>(self, v: V);
}

/// Runs `kernel` with the widest instructions that this machine has.
pub(crate) fn dispatch(kernel: impl Kernel) {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    {
        use pulp::x86::{V3, V4};
        if let Some(v4) = V4::try_new() {
            return v4.vectorize(x86::Run::<_, _, MR_AVX512>(v4, kernel));
        }
        if let Some(v3) = V3::try_new() {
            return v3.vectorize(x86::Run::<_, _, MR_AVX2>(v3, kernel));
        }
    }
    kernel.execute::<_, MR_AVX2>(Plain);
}

/// Arrays and loops, for instruction sets that are known when the program is compiled.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl Plain {
    const FUSED: bool = cfg!(target_arch = "aarch64") || cfg!(target_feature = "fma");
}

impl Vectors for Plain {
    type Line = [f32; LANES];
    type Octet = [f32; 8];

    #[inline(always)]
    fn multiply_add(self, a: f32, x: Self::Line, mut sum: Self::Line) -> Self::Line {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum = if Self::FUSED { a.mul_add(x, *sum) } else { a * x + *sum };
        }
        sum
    }

    #[inline(always)]
    fn transpose(self, square: [Self::Octet; 8]) -> [Self::Octet; 8] {
        std::array::from_fn(|row| square.map(|column| column[row]))
    }
}

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
mod x86 {
    use std::arch::x86_64::__m256;

    use pulp::{
        NullaryFnOnce, cast, f32x8, f32x16,
        x86::{V3, V4},
    };

    use super::{Kernel, Vectors};

    /// A kernel on its way into a function that is compiled for an instruction set.
    pub(super) struct Run<V, K, const MR: usize>(pub(super) V, pub(super) K);

    impl<V: Vectors, K: Kernel, const MR: usize> NullaryFnOnce for Run<V, K, MR> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            self.1.execute::<V, MR>(self.0);
        }
    }

    /// AVX2 and FMA: two vectors a line.
    impl Vectors for V3 {
        type Line = [f32x8; 2];
        type Octet = f32x8;

        #[inline(always)]
        fn multiply_add(self, a: f32, x: Self::Line, sum: Self::Line) -> Self::Line {
            let a = self.splat_f32x8(a);
            [self.mul_add_f32x8(a, x[0], sum[0]), self.mul_add_f32x8(a, x[1], sum[1])]
        }

        #[inline(always)]
        fn transpose(self, square: [Self::Octet; 8]) -> [Self::Octet; 8] {
            let avx = self.avx;
            let [a, b, c, d, e, f, g, h]: [__m256; 8] = square.map(cast);
            // Two columns of four rows, side by side with the columns four further.
            let columns = |a, b, c, d| {
                let [ab, ab_, cd, cd_] = [
                    avx._mm256_unpacklo_ps(a, b),
                    avx._mm256_unpackhi_ps(a, b),
                    avx._mm256_unpacklo_ps(c, d),
                    avx._mm256_unpackhi_ps(c, d),
                ];
                [
                    avx._mm256_shuffle_ps::<0x44>(ab, cd),
                    avx._mm256_shuffle_ps::<0xee>(ab, cd),
                    avx._mm256_shuffle_ps::<0x44>(ab_, cd_),
                    avx._mm256_shuffle_ps::<0xee>(ab_, cd_),
                ]
            };
            let (upper, lower) = (columns(a, b, c, d), columns(e, f, g, h));
            std::array::from_fn(|row| {
                let (upper, lower) = (upper[row % 4], lower[row % 4]);
                cast(match row / 4 {
                    0 => avx._mm256_permute2f128_ps::<0x20>(upper, lower),
                    _ => avx._mm256_permute2f128_ps::<0x31>(upper, lower),
                })
            })
        }
    }

    /// AVX-512: one vector a line.
    impl Vectors for V4 {
        type Line = f32x16;
        type Octet = f32x8;

        #[inline(always)]
        fn multiply_add(self, a: f32, x: Self::Line, sum: Self::Line) -> Self::Line {
            self.mul_add_f32x16(self.splat_f32x16(a), x, sum)
        }

        #[inline(always)]
        fn transpose(self, square: [Self::Octet; 8]) -> [Self::Octet; 8] {
            Vectors::transpose(*self, square)
        }
    }
}
