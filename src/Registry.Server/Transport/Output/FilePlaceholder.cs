using System.Runtime.InteropServices;

namespace Registry.Server.Transport.Output;

/// <summary>
/// Placeholder for bytes of a file. Kestrel counts the bytes that are advanced over this memory against Content-Length, and the output sends
/// the file's bytes instead. Nothing reads or writes it, so it takes address space but no memory.
/// </summary>
internal static class FilePlaceholder
{
    /// <summary>Largest length of a placeholder, in bytes.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly byte[] Bytes = GC.AllocateUninitializedArray<byte>(MaxLength);

    /// <summary>Returns a placeholder of a given length.</summary>
    public static Memory<byte> Of(int length) => Bytes.AsMemory(0, length);

    /// <summary>True when memory from Kestrel is the whole placeholder. False when Kestrel buffers the output itself.</summary>
    public static bool Is(Memory<byte> memory, int length) =>
        MemoryMarshal.TryGetArray<byte>(memory, out var segment) && ReferenceEquals(segment.Array, Bytes)
        && segment.Offset == 0 && segment.Count == length;
}
