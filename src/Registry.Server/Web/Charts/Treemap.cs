namespace Registry.Server.Web.Charts;

/// <summary>
/// Layout of a treemap: divides a rectangle into one for each weight, with areas in proportion, as near to squares as a row at a time allows (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000).
/// </summary>
internal static class Treemap
{
    /// <summary>Divides a rectangle. The same weights always give the same layout.</summary>
    /// <param name="weights">The weights, each greater than 0; the greatest first for the best shapes.</param>
    /// <param name="width">Width of the rectangle, greater than 0.</param>
    /// <param name="height">Height of the rectangle, greater than 0.</param>
    /// <returns>A rectangle for each weight, in the same order.</returns>
    public static IReadOnlyList<TreemapBox> Lay(IReadOnlyList<long> weights, double width, double height)
    {
        var boxes = new List<TreemapBox>(weights.Count);
        var free = new TreemapBox(0, 0, width, height);
        var scale = width * height / weights.Sum(weight => (double)weight);
        List<double> areas = [.. weights.Select(weight => weight * scale)];
        for (var start = 0; start < areas.Count;)
        {
            var row = areas.GetRange(start, CountRow(areas, start, Math.Min(free.Width, free.Height)));
            free = LayRow(boxes, row, free);
            start += row.Count;
        }

        return boxes;
    }

    // A row takes areas along the shorter side as long as they make its worst shape better.
    private static int CountRow(List<double> areas, int start, double side)
    {
        var (smallest, largest, sum) = (areas[start], areas[start], areas[start]);
        var worst = WorstRatio(smallest, largest, sum, side);
        var end = start + 1;
        for (; end < areas.Count; end++)
        {
            (smallest, largest, sum) = (Math.Min(smallest, areas[end]), Math.Max(largest, areas[end]), sum + areas[end]);
            var next = WorstRatio(smallest, largest, sum, side);
            if (next > worst)
            {
                break;
            }

            worst = next;
        }

        return end - start;
    }

    // The greatest ratio of the sides of a rectangle in a row, 1 for a square.
    private static double WorstRatio(double smallest, double largest, double sum, double side) =>
        Math.Max(side * side * largest / (sum * sum), sum * sum / (side * side * smallest));

    // Returns what is left. The last row has an area of its own, not that of the rest, so that a rounding error is a gap too small to be seen, and no negative size.
    private static TreemapBox LayRow(List<TreemapBox> boxes, List<double> row, TreemapBox free)
    {
        var isColumn = free.Width >= free.Height;
        var depth = Math.Min(row.Sum() / Math.Min(free.Width, free.Height), Math.Max(free.Width, free.Height));
        var at = 0.0;
        foreach (var area in row)
        {
            var length = area / depth;
            boxes.Add(isColumn ? new TreemapBox(free.X, free.Y + at, depth, length) : new TreemapBox(free.X + at, free.Y, length, depth));
            at += length;
        }

        return isColumn ? free with { X = free.X + depth, Width = free.Width - depth } : free with { Y = free.Y + depth, Height = free.Height - depth };
    }
}
