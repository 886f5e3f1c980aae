namespace Registry.Bench.Wire;

/// <summary>A body: a file that all bodies share, and a tail that makes the body unique.</summary>
/// <param name="Path">The file.</param>
/// <param name="Tail">Bytes after the file.</param>
/// <param name="Length">Content-Length; negative for a body in chunks.</param>
/// <param name="Digest">The digest of the blob.</param>
internal sealed record UploadBody(string Path, byte[] Tail, long Length, string Digest);
