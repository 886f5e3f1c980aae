namespace Registry.Server.Http;

/// <summary>A satisfiable part of a file.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    public long Last => Offset + Length - 1;
}
