using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Transport;

/// <summary>Memory of connections: what is not needed is given back.</summary>
[SupportedOSPlatform("linux")]
public sealed class MemoryTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public void Blocks_that_were_not_needed_since_the_last_trim_are_dropped()
    {
        using var pool = new BlockPool(64L * Mebibyte);
        var blocks = Enumerable.Range(0, 10).Select(_ => pool.Rent(BlockPool.LargestBlock)).ToList();
        blocks.ForEach(block => block.Dispose());
        Assert.Equal(10 * Mebibyte, pool.Kept);

        pool.Trim();
        Assert.Equal(10 * Mebibyte, pool.Kept);

        // Three at a time are needed, so seven are not.
        blocks = [.. Enumerable.Range(0, 3).Select(_ => pool.Rent(BlockPool.LargestBlock))];
        blocks.ForEach(block => block.Dispose());
        pool.Trim();
        Assert.Equal(3 * Mebibyte, pool.Kept);

        pool.Trim();
        Assert.Equal(0, pool.Kept);
    }

    [Fact]
    public void Large_blocks_are_kept_up_to_the_limit_and_small_ones_until_a_trim()
    {
        using var pool = new BlockPool(2 * Mebibyte);
        var large = Enumerable.Range(0, 5).Select(_ => pool.Rent(BlockPool.LargestBlock)).ToList();
        var small = Enumerable.Range(0, 5000).Select(_ => pool.Rent()).ToList();

        large.ForEach(block => block.Dispose());
        small.ForEach(block => block.Dispose());

        Assert.Equal((2 * Mebibyte) + (5000 * BlockPool.SmallestBlock), pool.Kept);
    }

    [Theory]
    [InlineData(BlockPool.SmallestBlock)]
    [InlineData(BlockPool.LargestBlock)]
    public void The_pages_of_dropped_blocks_go_back_to_the_system(int size)
    {
        using var pool = new BlockPool(64L * Mebibyte);
        var block = pool.Rent(size);
        block.Memory.Span.Fill(1);
        block.Dispose();
        pool.Trim();
        pool.Trim();

        // New pages are zeros (madvise(2), MADV_DONTNEED). The last block that was returned is the first that is rented.
        using var again = pool.Rent(size);
        Assert.Same(block, again);
        Assert.False(again.Memory.Span.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Blocks_beyond_the_limit_keep_no_pages()
    {
        using var pool = new BlockPool(Mebibyte);
        var blocks = Enumerable.Range(0, 2).Select(_ => pool.Rent(BlockPool.LargestBlock)).ToList();
        blocks.ForEach(block => block.Memory.Span.Fill(1));
        blocks.ForEach(block => block.Dispose());

        blocks = [.. Enumerable.Range(0, 2).Select(_ => pool.Rent(BlockPool.LargestBlock))];

        Assert.Single(blocks, block => block.Memory.Span.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Blocks_do_not_overlap()
    {
        using var pool = new BlockPool(64L * Mebibyte);
        var blocks = new[] { BlockPool.SmallestBlock, 32 * 1024, 256 * 1024, BlockPool.LargestBlock }
            .SelectMany(size => Enumerable.Range(0, 300 * 1024 / size + 2).Select(_ => pool.Rent(size))).ToList();
        for (var i = 0; i < blocks.Count; i++)
        {
            blocks[i].Memory.Span.Fill((byte)i);
        }

        for (var i = 0; i < blocks.Count; i++)
        {
            Assert.False(blocks[i].Memory.Span.ContainsAnyExcept((byte)i));
            blocks[i].Dispose();
        }

        Assert.Equal(0, pool.Bytes);
    }

    [Fact]
    public void Blocks_take_no_huge_pages()
    {
        using var pool = new BlockPool(64L * Mebibyte);
        using var block = pool.Rent();
        block.Memory.Span.Fill(1);
        var address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(block.Memory.Span));

        // "nh" is no huge page (proc(5), smaps); a kernel without huge pages knows no such flag.
        var flags = File.ReadLines("/proc/self/smaps").SkipWhile(line => !Contains(line, address)).First(line => line.StartsWith("VmFlags:", StringComparison.Ordinal));
        Assert.Equal(Directory.Exists("/sys/kernel/mm/transparent_hugepage"), flags.Split(' ').Contains("nh"));

        // A mapping begins with a line such as "7f1c04000000-7f1c04021000 rw-p 00000000 00:00 0".
        static bool Contains(string line, nint address) => line.Split('-', ' ') is [var start, var end, ..]
            && nint.TryParse(start, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var from)
            && nint.TryParse(end, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var to)
            && from <= address && address < to;
    }

    [Fact]
    public async Task A_registry_that_is_quiet_keeps_no_blocks()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(time: time);
        await registry.Client.PushBlobAsync("t", TestBlob.Random(4 * Mebibyte));
        var pool = ((DirectTransport)registry.Host.Transport).Pool;
        Assert.NotEqual(0, pool.Kept);

        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(30));
                return Task.FromResult(pool.Kept == 0);
            },
            "the pool is empty");
    }
}
