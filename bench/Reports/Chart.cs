using System.Globalization;
using System.Text;
using Registry.Bench.Peers;

namespace Registry.Bench.Reports;

/// <summary>Chart of the work of each server in one second: a group of bars for each work, scaled to the fastest of the group.</summary>
internal static class Chart
{
    private const int Width = 860;
    private const int LabelWidth = 150;
    private const int ValueWidth = 190;
    private const int BarHeight = 18;
    private const int Gap = 4;
    private const int TitleHeight = 34;
    private const int Margin = 16;

    private static readonly Dictionary<string, string> Colours = new()
    {
        [RegistryServer.Name] = "#1f6feb",
        [RegistryProgram.Jit.Name] = "#79b0ff",
        [NginxServer.Name] = "#3fa34d",
        [DistributionServer.PeerName] = "#b0623b",
        [DistributionServer.DebianName] = "#d9a273",
        [NamedRegistry.Zot.Name] = "#8250df",
        [NamedRegistry.Olareg.Name] = "#bf8700",
        [BareKestrel.Name] = "#8a8f98",
    };

    public static string Draw(IReadOnlyList<Sample> samples)
    {
        var body = new StringBuilder();
        var y = Margin;
        foreach (var work in samples.OrderBy(sample => Scoreboard.Order(sample.Target)).GroupBy(sample => (sample.Target, sample.Work)))
        {
            var bars = work.GroupBy(sample => sample.Contestant)
                .Select(server => (Name: server.Key, Rate: Spread.Of(server.Select(s => s.Rate)), Cost: Spread.Of(server.Select(s => s.Cost)), server.First().Unit))
                .ToList();
            y = DrawGroup(body, $"{work.Key.Target}: {work.Key.Work}, {bars[0].Unit.RateName()}", bars, y);
        }

        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y + Margin}" viewBox="0 0 {Width} {y + Margin}" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            {body}</svg>

            """;
    }

    private static int DrawGroup(StringBuilder body, string title, List<(string Name, Spread Rate, Spread Cost, Unit Unit)> bars, int top)
    {
        var most = bars.Max(bar => bar.Rate.Highest);
        var scale = (Width - LabelWidth - ValueWidth - (2 * Margin)) / most;
        body.Append($"""<text x="{Margin}" y="{top + 16}" font-weight="bold" font-size="13">{title}</text>""").Append('\n');
        var y = top + TitleHeight - 8;
        foreach (var bar in bars)
        {
            const int Left = Margin + LabelWidth;
            var middle = y + (BarHeight / 2);
            var colour = Colours.GetValueOrDefault(bar.Name, "#555555");
            body.Append($"""<text x="{Left - 8}" y="{middle + 4}" text-anchor="end">{bar.Name}</text>""").Append('\n');
            body.Append($"""<rect x="{Left}" y="{y}" width="{Pixels(bar.Rate.Median * scale)}" height="{BarHeight}" fill="{colour}"/>""").Append('\n');

            // A line from the lowest to the highest sample.
            body.Append($"""<line x1="{Pixels(Left + (bar.Rate.Lowest * scale))}" x2="{Pixels(Left + (bar.Rate.Highest * scale))}" y1="{middle}" y2="{middle}" stroke="#222222" stroke-width="1.5"/>""").Append('\n');
            var text = $"{Spread.Number(bar.Rate.Median)}, {Spread.Number(bar.Cost.Median)} {bar.Unit.CostName()}";
            body.Append($"""<text x="{Pixels(Left + (bar.Rate.Highest * scale) + 6)}" y="{middle + 4}" fill="#333333">{text}</text>""").Append('\n');
            y += BarHeight + Gap;
        }

        return y + 10;
    }

    private static string Pixels(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
