using System.Runtime.InteropServices;

namespace Registry.Server.Transport;

/// <summary>
/// Stands in for bytes of a file in Kestrel's accounts: Kestrel counts what is advanced over this memory against Content-Length, and the output
/// sends the file's bytes in its place. Nothing ever reads or writes it, so it takes up address space and no memory.
/// </summary>
internal static class FilePlaceholder
{
    /// <summary>The most that can be announced at once, in bytes.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly byte[] Bytes = GC.AllocateUninitializedArray<byte>(MaxLength);

    /// <summary>A placeholder of some length.</summary>
    public static Memory<byte> Of(int length) => Bytes.AsMemory(0, length);

    /// <summary>Whether memory that Kestrel has handed on is the whole placeholder; otherwise it has its own plans with what is written.</summary>
    public static bool Is(Memory<byte> memory, int length) =>
        MemoryMarshal.TryGetArray<byte>(memory, out var segment) && ReferenceEquals(segment.Array, Bytes)
        && segment.Offset == 0 && segment.Count == length;
}
