using Registry.Server.Http;

namespace Registry.Server.Tests.Http;

public class RecentTextTests
{
    [Fact]
    public void The_same_text_gets_the_same_string_and_any_text_gets_itself()
    {
        var texts = new RecentText();
        var name = texts.Get("library/app");
        Assert.Same(name, texts.Get("library/app"));
        for (var i = 0; i < 10_000; i++)
        {
            Assert.Equal($"{i}", texts.Get($"{i}"));
        }

        Assert.Equal("library/app", texts.Get("library/app"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(RecentText.MaxLength)]
    [InlineData(RecentText.MaxLength + 1)]
    [InlineData(100_000)]
    public void Text_of_any_length_gets_itself(int length)
    {
        var text = new string('x', length);
        Assert.Equal(text, new RecentText().Get(text));
    }

    [Fact]
    public async Task Many_at_once_get_their_own_text()
    {
        var texts = new RecentText();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 20_000; i++)
            {
                var text = $"text {random.Next(5000)}";
                Assert.Equal(text, texts.Get(text));
            }
        })));
    }
}
