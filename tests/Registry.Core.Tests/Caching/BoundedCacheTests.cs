using CsCheck;
using Registry.Core.Caching;

namespace Registry.Core.Tests.Caching;

public class BoundedCacheTests
{
    private const int MaxBytes = 100;
    private const int MaxEntries = 8;

    [Fact]
    public void It_never_holds_more_than_it_may_and_only_what_was_put_in_last() =>
        Gen.Select(Gen.Int[0, 19], Gen.Int[0, 120], Gen.Bool).Array[0, 200].Sample(operations =>
        {
            var cache = new BoundedCache<int, string>(MaxBytes, MaxEntries);
            var last = new Dictionary<int, string>();
            foreach (var (key, bytes, isQuestion) in operations)
            {
                if (isQuestion)
                {
                    if (cache.Find(key) is { } found && found != last[key])
                    {
                        return false;
                    }

                    continue;
                }

                if (bytes <= MaxBytes)
                {
                    last[key] = $"{key} with {bytes} bytes, {last.Count}";
                    cache.Set(key, last[key], bytes);
                }
                else
                {
                    cache.Set(key, "too heavy", bytes);
                }

                if (cache.Bytes is < 0 or > MaxBytes || cache.Count > MaxEntries)
                {
                    return false;
                }
            }

            return true;
        });

    [Fact]
    public void What_is_asked_for_stays_while_others_pass_by()
    {
        var cache = new BoundedCache<int, string>(MaxBytes, MaxEntries);
        cache.Set(-1, "wanted", 10);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal("wanted", cache.Find(-1));
            cache.Set(i, "passing by", 10);
        }

        Assert.Equal(MaxEntries, cache.Count);
        Assert.Equal(10 * MaxEntries, cache.Bytes);
    }

    [Fact]
    public async Task Many_at_once_get_what_belongs_to_their_key()
    {
        var cache = new BoundedCache<int, string>(10_000, 64);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 20_000; i++)
            {
                var key = random.Next(200);
                if (cache.Find(key) is { } found)
                {
                    Assert.Equal($"{key}", found);
                }
                else
                {
                    cache.Set(key, $"{key}", random.Next(1, 400));
                }
            }
        })));
        Assert.InRange(cache.Bytes, 1, 10_000);
        Assert.InRange(cache.Count, 1, 64);
    }
}
