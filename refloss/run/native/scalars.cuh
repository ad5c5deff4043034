// Scalars under one name each, for the compilers of devices and of the host.

#ifdef __CUDACC__
#define INLINE __device__ __forceinline__
#define MEMBER __device__ __forceinline__
INLINE long long as_bits(double x) { return __double_as_longlong(x); }
INLINE int as_bits(float x) { return __float_as_int(x); }
INLINE double as_real(long long bits) { return __longlong_as_double(bits); }
INLINE float as_real(int bits) { return __int_as_float(bits); }
INLINE double sqrt_(double x) { return __dsqrt_rn(x); }
INLINE float sqrt_(float x) { return __fsqrt_rn(x); }
INLINE double fma_(double a, double b, double c) { return __fma_rn(a, b, c); }
INLINE float fma_(float a, float b, float c) { return __fmaf_rn(a, b, c); }
INLINE double pow_(double x, double g) { return pow(x, g); }
INLINE float pow_(float x, float g) { return powf(x, g); }
#else
#define INLINE static inline __attribute__((always_inline))
#define MEMBER inline __attribute__((always_inline))
INLINE long long as_bits(double x) { return __builtin_bit_cast(long long, x); }
INLINE int as_bits(float x) { return __builtin_bit_cast(int, x); }
INLINE double as_real(long long bits) { return __builtin_bit_cast(double, bits); }
INLINE float as_real(int bits) { return __builtin_bit_cast(float, bits); }
INLINE double sqrt_(double x) { return __builtin_sqrt(x); }
INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }
INLINE double fma_(double a, double b, double c) { return __builtin_fma(a, b, c); }
INLINE float fma_(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
INLINE double pow_(double x, double g) { return __builtin_pow(x, g); }
INLINE float pow_(float x, float g) { return __builtin_powf(x, g); }
#endif
