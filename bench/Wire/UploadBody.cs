namespace Registry.Bench.Wire;

/// <summary>A body: a file that all bodies share, and some bytes after it that make this one different.</summary>
/// <param name="Path">The file.</param>
/// <param name="Tail">What follows it.</param>
/// <param name="Length">Content-Length; below zero for a body in chunks.</param>
/// <param name="Digest">The digest of the blob.</param>
internal sealed record UploadBody(string Path, byte[] Tail, long Length, string Digest);
