// The routines of LAPACK that kvsh calls, as a Fortran compiler exports them: everything by address, columns contiguous,
// and behind the arguments the length of each text.
#pragma once
#include <stddef.h>

// A = U S V^T of an m x n matrix, by divide and conquer.
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info,
             size_t jobz_length);

// A = Q R: R above the diagonal, the reflectors of Q below it and in tau.
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);

// The first n columns of Q out of k reflectors.
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);
