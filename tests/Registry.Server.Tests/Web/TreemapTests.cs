using Registry.Server.Web.Charts;

namespace Registry.Server.Tests.Web;

/// <summary>Layout of a treemap.</summary>
public sealed class TreemapTests
{
    private const double Width = 960;
    private const double Height = 320;

    public static TheoryData<long[]> Weights => new(
        Weigh(1),
        Weigh(3, 1),
        Weigh(6, 6, 4, 3, 2, 2, 1),
        Weigh(1, 1000, 3, 70, 2),
        Weigh([.. Enumerable.Repeat(7L, 51)]),
        Weigh([.. Enumerable.Range(1, 51).Select(i => 1_000_000L / i)]),
        Weigh([.. Enumerable.Range(0, 40).Select(i => 1L << (60 - i))]));

    [Theory]
    [MemberData(nameof(Weights))]
    public void Areas_are_in_proportion_and_fill_the_rectangle_without_an_overlap(long[] weights)
    {
        var boxes = Treemap.Lay(weights, Width, Height);

        Assert.Equal(weights.Length, boxes.Count);
        var total = weights.Sum(weight => (double)weight);
        Assert.Equal(Width * Height, boxes.Sum(box => box.Area), 1e-6);
        Assert.All(boxes.Zip(weights), one => Assert.Equal(one.Second / total, one.First.Area / (Width * Height), 1e-9));
        Assert.All(boxes, box => Assert.True(box is { X: >= 0, Y: >= 0 } && box.X + box.Width <= Width + 1e-6 && box.Y + box.Height <= Height + 1e-6, $"{box} is outside"));
        for (var i = 0; i < boxes.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                Assert.InRange(Overlap(boxes[i], boxes[j]), 0, 1e-6);
            }
        }
    }

    [Fact]
    public void Weights_that_are_alike_give_shapes_near_squares() => Assert.All(
        Treemap.Lay([.. Enumerable.Range(0, 50).Select(i => 100L - i)], Width, Height), box => Assert.InRange(Math.Max(box.Width / box.Height, box.Height / box.Width), 1, 2.5));

    [Fact]
    public void The_example_of_the_paper_has_its_layout()
    {
        // Section 3.1: a rectangle of 6 × 4.
        var boxes = Treemap.Lay([6, 6, 4, 3, 2, 2, 1], 6, 4);
        Assert.Equal(new TreemapBox(0, 0, 3, 2), boxes[0]);
        Assert.Equal(new TreemapBox(0, 2, 3, 2), boxes[1]);
        Assert.Equal((3, 0), (boxes[2].X, boxes[2].Y));
        Assert.Equal(12.0 / 7, boxes[2].Width, 1e-9);
        Assert.Equal(7.0 / 3, boxes[2].Height, 1e-9);
    }

    [Fact]
    public void Sizes_that_differ_by_all_that_a_number_holds_leave_no_shape_without_a_place()
    {
        var boxes = Treemap.Lay([long.MaxValue, .. Enumerable.Repeat(1L, 50)], Width, Height);
        Assert.All(boxes, box => Assert.True(double.IsFinite(box.Area) && box is { Width: >= 0, Height: >= 0 } && box.X <= Width && box.Y <= Height, $"{box}"));
        Assert.Equal(boxes, Treemap.Lay([long.MaxValue, .. Enumerable.Repeat(1L, 50)], Width, Height));
    }

    private static long[] Weigh(params long[] weights) => weights;

    private static double Overlap(TreemapBox one, TreemapBox other) =>
        Math.Max(0, Math.Min(one.X + one.Width, other.X + other.Width) - Math.Max(one.X, other.X))
        * Math.Max(0, Math.Min(one.Y + one.Height, other.Y + other.Height) - Math.Max(one.Y, other.Y));
}
