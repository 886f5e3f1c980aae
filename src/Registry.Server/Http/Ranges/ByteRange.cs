namespace Registry.Server.Http.Ranges;

/// <summary>Satisfiable range of a file.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    public long Last => Offset + Length - 1;
}
