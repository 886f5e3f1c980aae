using System.Runtime.Versioning;

namespace Registry.Files.Tests;

/// <summary>Reads of what the kernel has cached.</summary>
[SupportedOSPlatform("linux")]
public sealed class PageCacheTests
{
    [Fact]
    public void A_file_in_memory_does_not_end_such_reads_of_files_on_the_disk()
    {
        using TemporaryFolder memory = new(isInMemory: true), disk = new();
        var found = Read(disk);
        Assert.InRange(found, 0, 1000);

        // The kernel refuses such reads of a file system in memory.
        Read(memory);

        Assert.Equal(found, Read(disk));
    }

    private static int Read(TemporaryFolder folder)
    {
        var file = folder.File("file");
        File.WriteAllBytes(file, new byte[1000]);
        using var handle = File.OpenHandle(file);
        return PageCache.Read(handle, new byte[1000], 0);
    }
}
